// SPDX-License-Identifier: GPL-2.0-or-later
#include "testbed/shell.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "base/error.h"
#include "host-channel.h"
#include "leaks.h"
#include "person.h"
#include "base/signals.h"
#include "suite.h"
#include "tree.h"

static char *home; /* also a directory to start in */
static int n_fds;

static void
setup (void)
{
  n_fds = leaks_count_fds ();
  home = g_dir_make_tmp ("check-shell-XXXXXX", NULL);
  g_setenv ("HOME", home, TRUE);
  g_setenv ("TERM", "vt220", TRUE);
}

static void
teardown (void)
{
  tree_remove (home);
  g_clear_pointer (&home, g_free);
  ck_assert_int_eq (leaks_count_fds (), n_fds);
}

/* ---- what the child does ---- */

typedef struct
{
  const char *directory;
  const char *environment[4];
  guint ssh_port;
  void (*prepare) (void);
} Session;

static VqChannel *channel;

/* Waits for the end of a shell that was killed, as nobody else does it. */
static gboolean
nothing_runs (gpointer data)
{
  return host_channel_n_running (channel) == 0;
}

/* Runs a shell and tells the person how it went. */
static int
body (gpointer data)
{
  const Session *session = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (VqCancel) cancel = vq_cancel_new (NULL);
  g_autoptr (VqSignals) signals = vq_signals_new (cancel, NULL);
  int tty = open ("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
  int n_before;
  gboolean ok, left;

  leaks_begin ();
  n_before = leaks_count_fds ();
  channel = host_channel_new_with_terminals ();
  if (session->prepare != NULL)
    session->prepare ();
  ok = vq_shell_run (channel, session->directory, session->environment, "/run/console",
                     session->ssh_port, "joe", cancel, &error);
  if (channel != NULL
      && !vq_wait_until (nothing_runs, NULL, vq_deadline_in (30), NULL, "end", NULL))
    return 3;
  g_clear_pointer (&channel, vq_channel_free);
  left = leaks_count_fds () != n_before || waitpid (-1, NULL, WNOHANG) != -1;
  dprintf (tty, "the end: %s\n", ok ? "fine" : error->message);
  close (tty);
  return left ? 2 : ok ? 0 : 1;
}

/* Starts a shell and waits until it has said hello. */
static void
begin (const Session *session)
{
  person_begin (body, (gpointer)session, 33, 99);
  person_type ("echo \"hello $((6*7))\"\r");
  person_expect ("hello 42\r\n");
  ck_assert (person_is_raw ());
}

/* The person leaves with STATUS. */
static void
leave (const char *status)
{
  person_type ("exit ");
  person_type (status);
  person_type ("\r");
  person_expect ("the end: fine\r\n");
  ck_assert_int_eq (person_end (), 0);
}

/* ---- */

CASE ("shell", setup, teardown, 120)

TEST (a_session)
{
  const Session session = { home, { "A=one two", "B=$(id)\"'", NULL }, 10022, NULL };
  g_autofree char *expected = g_strdup_printf ("in %s:", home);

  begin (&session);
  ck_assert_ptr_nonnull (
      strstr (person_seen (), "socat -,raw,echo=0,escape=0x1d UNIX-CONNECT:/run/console "));
  ck_assert_ptr_nonnull (strstr (person_seen (), " -p 10022 joe@localhost\r\n"));
  person_type ("echo \"in\" $PWD: $TERM: \"$A\": \"$B\": $-\r");
  person_expect (expected);
  person_expect (" vt220: one two: $(id)\"': ");
  person_expect ("i"); /* interactive */
  person_expect ("m"); /* and with job control */
  person_type ("tty; test -t 0 -a -t 1 -a -t 2 && echo \"all\" three\r");
  person_expect ("/dev/pts/");
  person_expect ("\r\nall three\r\n");
  leave ("0");
}

/* Whatever the shell says at its end, we did what we were told. */
TEST (status)
{
  const Session session = { "/", { NULL }, 0, NULL };

  begin (&session);
  ck_assert_ptr_null (strstr (person_seen (), "ssh"));
  leave ("3");
}

TEST (killed_shell)
{
  const Session session = { "/", { NULL }, 0, NULL };

  begin (&session);
  person_type ("kill -9 $$\r");
  person_expect ("the end: fine\r\n");
  ck_assert_int_eq (person_end (), 0);
}

TEST (missing_directory)
{
  const Session session = { "/nonexistent", { NULL }, 0, NULL };

  begin (&session);
  person_type ("echo \"in\" $PWD.\r");
  person_expect ("in /.");
  leave ("0");
}

/* The startup files of a login shell are read, and what we are told to set wins over them. */
TEST (login)
{
  const Session session = { "/", { "A=ours", NULL }, 0, NULL };
  g_autofree char *path = g_build_filename (home, ".profile", NULL);

  ck_assert (g_file_set_contents (path, "export A=theirs B=theirs\n", -1, NULL));
  begin (&session);
  person_type ("echo \"values\" $A $B.\r");
  person_expect ("values ours theirs.");
  leave ("0");
}

TEST (window_size)
{
  const Session session = { "/", { NULL }, 0, NULL };

  begin (&session);
  person_type ("stty size\r");
  person_expect ("33 99\r\n");
  /* It changes while something runs. */
  person_type ("echo \"ready\"; until stty size | grep '44 111'; do sleep 0.05; done\r");
  person_expect ("ready\r\n");
  person_resize (44, 111);
  person_expect ("44 111\r\n");
  leave ("0");
}

TEST (job_control)
{
  const Session session = { "/", { NULL }, 0, NULL };

  begin (&session);
  person_type ("sh -c 'echo \"start\"ed; exec sleep 1000'\r");
  person_expect ("started\r\n");
  person_type ("\003");
  person_expect ("^C"); /* what is typed before is thrown away */
  person_type ("echo \"status\" $?\r");
  person_expect ("status 130\r\n");
  person_type ("sh -c 'echo \"start\"ed; exec sleep 1000'\r");
  person_expect ("started\r\n");
  person_type ("\032");
  person_expect ("Stopped");
  person_type ("kill -9 %1; disown %1; echo \"disowned\" $?\r");
  person_expect ("disowned 0\r\n");
  leave ("0");
}

/* A guest with nothing but the names in a directory of ours on its PATH. */
static void
hide_bash (void)
{
  static const char *const names[] = { "sh", "env" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *target = g_find_program_in_path (names[i]);
      g_autofree char *path = g_build_filename (home, names[i], NULL);

      if (target == NULL || symlink (target, path) != 0)
        _exit (9);
    }
  g_setenv ("PATH", home, TRUE);
}

TEST (without_bash)
{
  const Session session = { home, { "A=b", NULL }, 0, hide_bash };

  begin (&session);
  person_type ("echo \"$A.$0.$-\"\r");
  person_expect ("b.sh.");
  person_expect ("m");
  leave ("0");
}

/* A signal ends the server: the terminal gets its mode back before. */
TEST (cancelled)
{
  const Session session = { "/", { NULL }, 0, NULL };

  begin (&session);
  ck_assert_int_eq (kill (person_child (), SIGTERM), 0);
  person_expect ("the end: got signal 15 (Terminated)\r\n");
  ck_assert_int_eq (WEXITSTATUS (person_end ()), 1);
}

TEST (server_killed)
{
  const Session session = { "/", { NULL }, 0, NULL };

  begin (&session);
  ck_assert_int_eq (kill (person_child (), SIGKILL), 0);
  ck_assert_int_eq (WTERMSIG (person_end ()), SIGKILL);
}

static gboolean
free_channel (gpointer data)
{
  g_clear_pointer (&channel, vq_channel_free);
  return G_SOURCE_REMOVE;
}

static void
free_channel_soon (void)
{
  g_timeout_add (100, free_channel, NULL);
}

TEST (channel_fails)
{
  const Session session = { "/", { NULL }, 0, free_channel_soon };

  person_begin (body, (gpointer)&session, 33, 99);
  person_expect ("the end: the channel was closed\r\n");
  ck_assert_int_eq (WEXITSTATUS (person_end ()), 1);
}

static int
detached_body (gpointer data)
{
  static const char *const none[] = { NULL };
  g_autoptr (VqChannel) fake = NULL;
  g_autoptr (GError) error = NULL;
  pid_t pid = fork ();
  int ended;

  if (pid > 0)
    return waitpid (pid, &ended, 0) == pid && ended == 0 ? 0 : 1;
  setsid ();
  fake = host_channel_new_with_terminals ();
  return !vq_shell_run (fake, "/", none, "/run/console", 0, "joe", NULL, &error)
                 && g_str_equal (error->message, "there is no terminal: cannot open /dev/tty: "
                                                 "No such device or address")
             ? 0
             : 2;
}

TEST (no_terminal)
{
  person_begin (detached_body, NULL, 33, 99);
  ck_assert_int_eq (person_end (), 0);
}

/* ---- a channel without terminals ---- */

static VqCommandDone plain_done;
static gpointer plain_data;

static gboolean
plain_end (gpointer data)
{
  VqEnd end = { VQ_ENDED_EXITED, 1, NULL };

  plain_done (&end, plain_data);
  return G_SOURCE_REMOVE;
}

/* Shows what it is given, but for the script. */
static VqCommand *
plain_start (VqChannel *self, const char *const *argv, int in, int out, int err, VqCommandDone done,
             gpointer data)
{
  for (; *argv != NULL; argv++)
    dprintf (out, "%s|", strchr (*argv, '\n') != NULL ? "SCRIPT" : *argv);
  dprintf (err, "%d\n", isatty (in));
  close (in);
  close (out);
  close (err);
  plain_done = done;
  plain_data = data;
  g_idle_add (plain_end, NULL);
  return (VqCommand *)self;
}

static int
plain_body (gpointer data)
{
  static const VqChannelClass class = { .start = plain_start };
  static const char *const environment[] = { "A=b c", NULL };
  VqChannel plain = { &class };

  return vq_shell_run (&plain, "/a b", environment, "/run/console", 0, "joe", NULL, NULL) ? 0 : 1;
}

TEST (without_terminals)
{
  person_begin (plain_body, NULL, 33, 99);
  person_expect ("UNIX-CONNECT:/run/console");
  person_expect ("env|TERM=vt220|A=b c|sh|-c|SCRIPT|sh|/a b|1\r\n");
  ck_assert_int_eq (person_end (), 0);
}
