// SPDX-License-Identifier: GPL-2.0-or-later
#include "client/verb-exec.h"

#include <check.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "suite.h"
#include "tree.h"
#include "verb-setup.h"

#define MIB (1024 * 1024)
#define WORDS(...)                                                                                 \
  (const char *const[])                                                                            \
  {                                                                                                \
    "exec", __VA_ARGS__, NULL                                                                      \
  }

static void
assert_prints (const char *const *words, const char *expected)
{
  g_autoptr (GBytes) out = NULL;
  g_autoptr (GBytes) err = NULL;
  int status = verb_run (words, -1, &out, &err);

  ck_assert_msg (status == 0, "status %d: %s", status, as_string (err));
  ck_assert_str_eq (as_string (out), expected);
}

CASE ("exec", verb_setup, verb_teardown, 100)

TEST (statuses)
{
  static const struct
  {
    const char *script;
    int status;
  } cases[] = {
    { "exit 0", 0 },
    { "exit 1", 1 },
    { "exit 124", 124 },
    { "exit 254", 254 },
    { "exit 255", 255 },
    { "kill -HUP $$", 129 },
    { "kill -KILL $$", 137 },
    { "kill -TERM $$", 143 },
    { "exec /nonexistent", 127 },
    { "exec /etc/passwd", 126 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    ck_assert_msg (verb_run (WORDS ("web", "sh", "-c", cases[i].script), -1, NULL, NULL)
                       == cases[i].status,
                   "%s", cases[i].script);
  ck_assert_int_eq (verb_run (WORDS ("web", "/nonexistent"), -1, NULL, NULL), 127);
}

TEST (usage)
{
  verb_assert_fails (WORDS (NULL), 125, "in which instance?");
  verb_assert_fails (WORDS ("web"), 125, "which command?");
  verb_assert_fails (WORDS ("web", "--"), 125, "which command?");
  verb_assert_fails (WORDS ("web", "-x"), 125, "unknown option -x");
  verb_assert_fails (WORDS ("--env", "A", "web", "true"), 125, "\"A\" is not NAME=VALUE");
  verb_assert_fails (WORDS ("--env==b", "web", "true"), 125, "\"=b\" is not NAME=VALUE");
  verb_assert_fails (WORDS ("--user=", "web", "true"), 125, "cannot be a user");
  verb_assert_fails (WORDS ("--user=-x", "web", "true"), 125, "cannot be a user");
  verb_assert_fails (WORDS ("--timeout=0", "web", "true"), 125, "0 is not between 1 and");
  verb_assert_fails (WORDS ("nosuch", "true"), 125, "there is no instance \"nosuch\"");
}

TEST (help)
{
  g_autoptr (GBytes) out = NULL;

  ck_assert_int_eq (verb_run (WORDS ("--help"), -1, &out, NULL), 0);
  ck_assert (g_str_has_prefix (as_string (out), "Usage: virt-qemu exec "));
}

/* A machine that does not run, one whose supervisor has died, and one that is not ready. */
TEST (no_machine)
{
  vq_exec_server_set_channel (exec_server, NULL);
  verb_assert_fails (WORDS ("web", "true"), 125, "the machine is not open");
  g_clear_pointer (&exec_server, vq_exec_server_free);
  verb_assert_fails (WORDS ("web", "true"), 125, "the instance \"web\" is not ready");
  ck_assert_int_eq (symlink ("/dev/null", exec_socket_path), 0);
  verb_assert_fails (WORDS ("web", "true"), 125, "virt-qemu: ");
  unlink (exec_socket_path);
}

/* What follows the first word of the command is the command's, whatever it looks like. */
TEST (words)
{
  assert_prints (
      WORDS ("web", "printf", "<%s>", "-x", "--help", "--", "@x", "", "a b", "$A", "\377"),
      "<-x><--help><--><@x><><a b><$A><\377>");
  assert_prints (WORDS ("web", "--", "printf", "<%s>", "--", "-y"), "<--><-y>");
  assert_prints (WORDS ("--", "web", "printf", "%s", "-y"), "-y");
  assert_prints (WORDS ("web", "--cwd", "/usr", "pwd"), "/usr\n");
}

TEST (streams)
{
  g_autofree guint8 *bytes = g_malloc (MIB);
  g_autoptr (GBytes) out = NULL;
  g_autoptr (GBytes) err = NULL;
  int in = memory_file ();

  for (gsize i = 0; i < MIB; i++)
    bytes[i] = g_random_int ();
  ck_assert_int_eq (write (in, bytes, MIB), MIB);
  lseek (in, 0, SEEK_SET);
  ck_assert_int_eq (verb_run (WORDS ("web", "sh", "-c", "tee /dev/stderr"), in, &out, &err), 0);
  ck_assert_uint_eq (g_bytes_get_size (out), MIB);
  ck_assert_int_eq (memcmp (g_bytes_get_data (out, NULL), bytes, MIB), 0);
  ck_assert_uint_eq (g_bytes_get_size (err), MIB);
  ck_assert_int_eq (memcmp (g_bytes_get_data (err, NULL), bytes, MIB), 0);
  close (in);
}

TEST (directory)
{
  assert_prints (WORDS ("web", "pwd"), "/\n");
  assert_prints (WORDS ("--cwd=/usr", "web", "pwd"), "/usr\n");
  verb_assert_fails (WORDS ("--cwd=/nonexistent", "web", "pwd"), 125,
                     "virt-qemu: error: cannot go to the directory '/nonexistent' in the guest\n");
  verb_assert_fails (WORDS ("--cwd=-x", "web", "pwd"), 125, "-x");
  ck_assert_int_eq (verb_run (WORDS ("--cwd=/", "web", "/nonexistent"), -1, NULL, NULL), 127);
  ck_assert_int_eq (verb_run (WORDS ("--cwd=/", "web", "/etc/passwd"), -1, NULL, NULL), 126);
}

TEST (environment)
{
  assert_prints (WORDS ("--env=A=b c", "--env", "B=$A'\"=x", "--env=C=", "web", "sh", "-c",
                        "echo \"$A|$B|${C-unset}\""),
                 "b c|$A'\"=x|\n");
  /* The command itself is no variable, and is found on the new PATH. */
  verb_assert_fails (WORDS ("--env=A=b", "web", "X=y"), 127, "X=y");
  ck_assert_int_eq (verb_run (WORDS ("--env=PATH=/x", "web", "true"), -1, NULL, NULL), 127);
}

/* As a user, with setpriv (0) and in a guest without it (1). */
static char *hidden;

static void
hide_setpriv (void)
{
  g_autofree char *path = g_strdup_printf ("%s:%s", hidden, g_getenv ("PATH"));
  g_autofree char *fake = g_build_filename (hidden, "setpriv", NULL);

  ck_assert (g_file_set_contents (fake, "#!/bin/sh\nexit 127\n", -1, NULL));
  ck_assert_int_eq (chmod (fake, 0755), 0);
  g_setenv ("PATH", path, TRUE);
}

static void
user_setup (void)
{
  verb_setup ();
  hidden = g_dir_make_tmp ("vq-path-XXXXXX", NULL);
  ck_assert_int_eq (chmod (hidden, 0755), 0);
}

static void
user_teardown (void)
{
  tree_remove (hidden);
  g_clear_pointer (&hidden, g_free);
  verb_teardown ();
}

CASE ("user", user_setup, user_teardown, 100)

TEST_LOOP (user, 0, 2)
{
  const struct passwd *user = getpwnam ("games");
  g_autofree char *number = g_strdup_printf ("%d", user != NULL ? (int)user->pw_uid : 0);
  const char *const names[] = { "games", number };
  g_autofree char *expected = NULL;

  if (geteuid () != 0 || user == NULL)
    SKIP ("only root can be somebody else");
  ck_assert_int_eq (setgroups (1, (const gid_t[]){ 4 }), 0); /* not the user's */
  if (_i == 1)
    hide_setpriv ();
  expected = g_strdup_printf ("%d %d %s games games /\n<a b><$A>", user->pw_uid, user->pw_gid,
                              user->pw_dir);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *option = g_strdup_printf ("--user=%s", names[i]);

      assert_prints (WORDS (option, "web", "sh", "-c",
                            "echo \"$(id -u) $(id -G) $HOME $USER $LOGNAME $PWD\"; "
                            "printf '<%s>' \"$@\"",
                            "sh", "a b", "$A"),
                     expected);
      ck_assert_int_eq (verb_run (WORDS (option, "web", "sh", "-c", "exit 7"), -1, NULL, NULL), 7);
      ck_assert_int_eq (verb_run (WORDS (option, "web", "/nonexistent"), -1, NULL, NULL), 127);
    }
  /* All at once. */
  assert_prints (WORDS ("--user=games", "--env=A=b", "--cwd=/usr", "web", "sh", "-c",
                        "echo $(id -un) $A $PWD"),
                 "games b /usr\n");
  verb_assert_fails (WORDS ("--user=nosuch", "web", "true"), 125,
                     "virt-qemu: error: there is no user 'nosuch'");
  verb_assert_fails (WORDS ("--user=.*", "web", "true"), 125, "there is no user '.*'");
}

/* Signals, and other ends. The command says when it is ready. */
static int ready[2];

static void
begin (Program *client, const char *const *words)
{
  char buffer[6];

  ck_assert_int_eq (pipe2 (ready, O_CLOEXEC), 0);
  verb_start (client, words, -1, ready[1], -1);
  close (ready[1]);
  ck_assert (vq_wait_fd (ready[0], G_IO_IN, vq_deadline_in (PATIENCE), NULL, "output", NULL));
  ck_assert_int_eq (read (ready[0], buffer, sizeof buffer), 6);
  close (ready[0]);
}

CASE ("ends", verb_setup, verb_teardown, 100)

TEST (signals)
{
  static const int numbers[] = { SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGTERM };

  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    {
      g_autofree char *script = g_strdup_printf (
          "trap 'exit 7' %d; echo ready; while :; do sleep 0.02; done", numbers[i]);
      Program client;

      begin (&client, WORDS ("web", "sh", "-c", script));
      ck_assert_int_eq (kill (client.pid, numbers[i]), 0);
      wait_for (is_true, &client.ended);
      ck_assert_int_eq (client.status, 7);
    }
}

TEST (signal_that_ends_it)
{
  Program client;

  begin (&client, WORDS ("web", "sh", "-c", "echo ready; exec sleep 1000"));
  ck_assert_int_eq (kill (client.pid, SIGTERM), 0);
  wait_for (is_true, &client.ended);
  ck_assert_int_eq (client.status, 128 + SIGTERM);
}

TEST (client_killed)
{
  Program client;

  begin (&client, WORDS ("web", "sh", "-c", "echo ready; exec sleep 1000"));
  ck_assert_int_eq (kill (client.pid, SIGKILL), 0);
  wait_for (is_true, &client.ended);
  wait_for (nothing_runs, NULL);
  ck_assert_uint_eq (host_channel_n_killed (exec_channel), 1);
}

TEST (timeout)
{
  gint64 begun = g_get_monotonic_time ();

  /* It cannot put it off. */
  verb_assert_fails (WORDS ("--timeout=1", "web", "sh", "-c", "trap '' TERM; sleep 1000 & wait"),
                     124, "no end of the command within 1 s");
  wait_for (nothing_runs, NULL);
  ck_assert_uint_ge (host_channel_n_killed (exec_channel), 1);
  ck_assert_int_ge (g_get_monotonic_time () - begun, G_USEC_PER_SEC);
  ck_assert_int_eq (verb_run (WORDS ("--timeout=50", "web", "sh", "-c", "exit 3"), -1, NULL, NULL),
                    3);
}
