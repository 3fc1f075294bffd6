// SPDX-License-Identifier: GPL-2.0-or-later
/* "virt-qemu shell" and "virt-qemu exec -t", on a terminal with a person at it. The machine is this
 * one, and another process serves its commands, because this one waits for what the person sees. */
#include "client/verb-shell.h"

#include <check.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "channel/exec-server.h"
#include "host-channel.h"
#include "person.h"
#include "suite.h"
#include "instance-setup.h"
#include "tree.h"

static char *top, *socket_path, *program;
static VqChannel *(*make_channel) (void);
static pid_t server;

static void G_GNUC_NORETURN
serve (int ready)
{
  g_autoptr (VqExecServer) exec_server = vq_exec_server_new (socket_path, NULL);
  g_autoptr (VqChannel) channel = make_channel ();

  signal (SIGPIPE, SIG_IGN);
  vq_exec_server_set_channel (exec_server, channel);
  if (write (ready, "", 1) != 1)
    _exit (1);
  for (;;)
    g_main_context_iteration (NULL, TRUE);
}

static void
start_server (void)
{
  int ready[2];
  char byte;

  ck_assert_int_eq (pipe (ready), 0);
  server = fork ();
  ck_assert_int_ge (server, 0);
  if (server == 0)
    serve (ready[1]);
  close (ready[1]);
  ck_assert_int_eq (read (ready[0], &byte, 1), 1);
  close (ready[0]);
}

static void
stop_server (void)
{
  if (server > 0)
    {
      ck_assert_int_eq (kill (server, SIGKILL), 0);
      ck_assert_int_eq (waitpid (server, NULL, 0), server);
    }
  server = 0;
}

static void
setup_with (VqChannel *(*make) (void))
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *here = g_path_get_dirname (self);

  top = g_dir_make_tmp ("vq-shell-XXXXXX", NULL);
  socket_path = g_build_filename (top, "exec", NULL);
  program = g_build_filename (here, "..", "virt-qemu", NULL);
  instance_setup ();
  instance_serve ("web", socket_path);
  g_setenv ("HOME", top, TRUE);
  g_setenv ("TERM", "vt220", TRUE);
  make_channel = make;
  start_server ();
}

static void
setup (void)
{
  setup_with (host_channel_new_with_terminals);
}

static void
setup_without_terminals (void)
{
  setup_with (host_channel_new);
}

static void
teardown (void)
{
  stop_server ();
  instance_teardown ();
  tree_remove (top); /* bash has left its history in it */
  g_clear_pointer (&top, g_free);
  g_clear_pointer (&socket_path, g_free);
  g_clear_pointer (&program, g_free);
}

/* With the terminal as its stdin, stdout and stderr. */
static int
run_program (gpointer words)
{
  int tty = open ("/dev/tty", O_RDWR | O_CLOEXEC);

  for (int fd = 0; tty >= 0 && fd <= STDERR_FILENO; fd++)
    dup2 (tty, fd);
  execv (program, words);
  return 99;
}

/* Starts virt-qemu on a terminal of 33 lines and 99 columns. */
static void
begin (const char *const *words)
{
  person_begin (run_program, (gpointer)words, 33, 99);
}

/* Waits for its end, when the terminal must be as before. Gives its status as waitpid does. */
static int
end (void)
{
  siginfo_t info;

  ck_assert_int_eq (waitid (P_PID, person_child (), &info, WEXITED | WNOWAIT), 0);
  ck_assert (person_is_as_before ());
  stop_server ();
  return person_end ();
}

#define WORDS(...)                                                                                 \
  (const char *const[])                                                                            \
  {                                                                                                \
    "virt-qemu", __VA_ARGS__, NULL                                                                 \
  }

CASE ("terminal", setup, teardown, 100)

TEST (command)
{
  begin (WORDS ("exec", "-t", "web", "sh", "-c",
                "tty; stty size; echo \"$TERM:$PWD\"; read x; echo \"<$x>\"; exit 5"));
  person_expect ("/dev/pts/");
  person_expect ("\r\n33 99\r\nvt220:/\r\n");
  ck_assert (person_is_raw ());
  person_type ("a b\r");
  person_expect ("a b\r\n<a b>\r\n");
  ck_assert_int_eq (WEXITSTATUS (end ()), 5);
}

TEST (options)
{
  begin (WORDS ("exec", "--tty", "--cwd=/usr", "--env=A=b", "web", "sh", "-c",
                "echo \"$TERM:$PWD:$A\""));
  person_expect ("vt220:/usr:b\r\n");
  ck_assert_int_eq (end (), 0);
}

TEST (window_size)
{
  begin (WORDS ("exec", "-t", "web", "sh", "-c",
                "echo ready; until stty size | grep '44 111'; do sleep 0.02; done"));
  person_expect ("ready\r\n");
  person_resize (44, 111);
  person_expect ("44 111\r\n");
  ck_assert_int_eq (end (), 0);
}

/* A key is for the terminal in the machine; a signal of another process is passed on. */
TEST (interrupt)
{
  begin (WORDS ("exec", "-t", "web", "sh", "-c", "echo ready; exec sleep 1000"));
  person_expect ("ready\r\n");
  person_type ("\003");
  ck_assert_int_eq (WEXITSTATUS (end ()), 128 + SIGINT);
}

TEST (signal_passed_on)
{
  begin (WORDS ("exec", "-t", "web", "sh", "-c",
                "trap 'exit 7' TERM; echo ready; while :; do sleep 0.02; done"));
  person_expect ("ready\r\n");
  ck_assert_int_eq (kill (person_child (), SIGTERM), 0);
  ck_assert_int_eq (WEXITSTATUS (end ()), 7);
}

/* That the terminal has hung up is passed on, too, but cannot be ignored for long. (The command
 * ends by itself then, if the server was killed before it could kill that.) */
TEST (hang_up)
{
  begin (WORDS ("exec", "-t", "web", "sh", "-c", "trap '' HUP; echo ready; sleep 20"));
  person_expect ("ready\r\n");
  ck_assert_int_eq (kill (person_child (), SIGHUP), 0);
  person_expect ("the terminal has hung up");
  ck_assert_int_eq (WEXITSTATUS (end ()), 125);
}

TEST (timeout)
{
  begin (WORDS ("exec", "-t", "--timeout=1", "web", "sleep", "1000"));
  person_expect ("no end of the command within 1 s");
  ck_assert_int_eq (WEXITSTATUS (end ()), 124);
}

TEST (server_dies)
{
  begin (WORDS ("exec", "-t", "web", "sh", "-c", "echo ready; exec sleep 1000"));
  person_expect ("ready\r\n");
  stop_server ();
  person_expect ("the machine's server went away");
  ck_assert_int_eq (WEXITSTATUS (end ()), 125);
}

TEST (shell)
{
  g_autofree char *home = g_strdup_printf ("in %s.", top);

  begin (WORDS ("shell", "web"));
  person_type ("echo \"in\" $PWD. $TERM $-.\r");
  person_expect (home);
  person_expect (" vt220 ");
  person_expect ("i"); /* interactive */
  person_expect ("m"); /* and with job control */
  person_type ("shopt -q login_shell; tty; exit 3\r");
  person_expect ("/dev/pts/");
  ck_assert_int_eq (WEXITSTATUS (end ()), 3);
}

TEST (shell_of_a_user)
{
  const struct passwd *user = getpwnam ("games");
  g_autofree char *expected = NULL;

  if (geteuid () != 0 || user == NULL)
    SKIP ("only root can be somebody else");
  expected = g_strdup_printf ("as games %s.", user->pw_dir);
  begin (WORDS ("shell", "--user=games", "web"));
  person_type ("echo \"as\" $(id -un) $HOME.\r");
  person_expect (expected);
  person_type ("exit\r");
  ck_assert_int_eq (end (), 0);
}

/* ---- what is not possible ---- */

static int
run_detached (gpointer words)
{
  pid_t pid = fork ();
  int status;

  if (pid > 0)
    return waitpid (pid, &status, 0) == pid ? WEXITSTATUS (status) : 98;
  dup2 (open ("/dev/tty", O_RDWR), STDERR_FILENO);
  setsid ();
  return run_program (words);
}

TEST (no_terminal)
{
  person_begin (run_detached, (gpointer)WORDS ("exec", "-t", "web", "true"), 33, 99);
  person_expect ("there is no terminal: cannot open /dev/tty");
  ck_assert_int_eq (WEXITSTATUS (end ()), 125);
}

TEST (usage)
{
  static const struct
  {
    const char *word, *said;
  } cases[] = { { NULL, "in which instance?" },
                { "--user=", "cannot be a user" },
                { "--x", "unknown option --x" },
                { "nosuch", "there is no instance \"nosuch\"" } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const char *const argv[] = { program, "shell", cases[i].word, NULL };
      g_autofree char *err = NULL;
      int status = 0;

      ck_assert (
          g_spawn_sync (NULL, (char **)argv, NULL, 0, NULL, NULL, NULL, &err, &status, NULL));
      ck_assert_int_eq (WEXITSTATUS (status), 125);
      ck_assert_msg (strstr (err, cases[i].said) != NULL, "%s", err);
    }
}

CASE ("without terminals", setup_without_terminals, teardown, 100)

TEST (refused)
{
  begin (WORDS ("shell", "web"));
  person_expect ("commands in this guest cannot have a terminal");
  ck_assert_int_eq (WEXITSTATUS (end ()), 125);
}
