// SPDX-License-Identifier: GPL-2.0-or-later
#include "io/raw-terminal.h"

#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "leaks.h"
#include "io/log.h"
#include "person.h"
#include "suite.h"

static int n_fds;

static void
setup (void)
{
  n_fds = leaks_count_fds ();
}

static void
teardown (void)
{
  ck_assert_int_eq (leaks_count_fds (), n_fds);
}

/* ---- what the child does; the person is told through TTY ---- */

static int tty;

static void
say_size (guint rows, guint columns, gpointer data)
{
  dprintf (tty, "size %u %u\n", rows, columns);
}

/* In raw mode until the person types q. */
static gboolean
be_raw (void (*meanwhile) (void))
{
  g_autoptr (VqRawTerminal) terminal = vq_raw_terminal_new (say_size, NULL, NULL);
  guint rows, columns;
  char key = 0;

  if (terminal == NULL)
    return FALSE;
  vq_raw_terminal_get_size (terminal, &rows, &columns);
  dprintf (tty, "raw %u %u\n", rows, columns);
  if (meanwhile != NULL)
    meanwhile ();
  while (key != 'q')
    {
      GPollFD poll_fd = { tty, G_IO_IN, 0 };

      while (g_poll (&poll_fd, 1, 0) == 0)
        g_main_context_iteration (NULL, TRUE);
      if (read (tty, &key, 1) != 1)
        return FALSE;
      dprintf (tty, "key %d\n", key);
    }
  return TRUE;
}

static gboolean
wake_up (int fd, GIOCondition events, gpointer data)
{
  return G_SOURCE_CONTINUE;
}

static int
body (gpointer meanwhile)
{
  int n_before;
  gboolean ok;
  guint id;

  tty = open ("/dev/tty", O_RDWR | O_CLOEXEC);
  g_main_context_iteration (NULL, FALSE);
  id = g_unix_fd_add (tty, G_IO_IN, wake_up, NULL);
  n_before = leaks_count_fds ();
  ok = be_raw (meanwhile) && be_raw (NULL);
  ok = ok && leaks_count_fds () == n_before && waitpid (-1, NULL, WNOHANG) == -1;
  g_source_remove (id);
  dprintf (tty, "done\n");
  close (tty);
  return ok ? 0 : 1;
}

/* ---- */

CASE ("raw-terminal", setup, teardown, 120)

/* Keys go through: none of them ends it, and none is echoed. */
TEST (raw_and_back)
{
  person_begin (body, NULL, 25, 81);
  person_expect ("raw 25 81\n");
  ck_assert (person_is_raw ());
  person_type ("\003\034\032\021\r\177");
  person_expect ("key 3\nkey 28\nkey 26\nkey 17\nkey 13\nkey 127\n");
  person_type ("q");
  person_expect ("key 113\nraw 25 81\n");
  person_type ("q");
  person_expect ("done\r\n");
  ck_assert (person_is_as_before ());
  ck_assert_int_eq (person_end (), 0);
}

TEST (sizes)
{
  person_begin (body, NULL, 0, 0);
  person_expect ("raw 0 0\n");
  person_resize (30, 100);
  person_expect ("size 30 100\n");
  person_resize (31, 65535);
  person_expect ("size 31 65535\n");
  person_type ("q");
  person_expect ("raw 31 65535\n");
  person_type ("q");
  ck_assert_int_eq (person_end (), 0);
}

static const int deadly[] = { SIGKILL, SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGABRT };

TEST_LOOP (restored_when_we_are_killed, 0, G_N_ELEMENTS (deadly))
{
  person_begin (body, NULL, 25, 81);
  person_expect ("raw");
  ck_assert_int_eq (kill (person_child (), deadly[_i]), 0);
  ck_assert_int_ne (person_end (), 0);
}

TEST_LOOP (restored_when_our_group_is_killed, 0, G_N_ELEMENTS (deadly))
{
  person_begin (body, NULL, 25, 81);
  person_expect ("raw");
  ck_assert_int_eq (kill (-person_child (), deadly[_i]), 0);
  ck_assert_int_ne (person_end (), 0);
}

/* Another process group takes the foreground; it ends with us. */
static void
go_to_background (void)
{
  pid_t pid = fork ();

  if (pid == 0)
    {
      signal (SIGTTOU, SIG_IGN);
      setpgid (0, 0);
      tcsetpgrp (tty, getpid ());
      _exit (0);
    }
  waitpid (pid, NULL, 0);
}

static int
background_body (gpointer data)
{
  VqRawTerminal *terminal;
  gboolean in_background;

  tty = open ("/dev/tty", O_RDWR | O_CLOEXEC);
  terminal = vq_raw_terminal_new (say_size, NULL, NULL);
  if (terminal == NULL)
    return 1;
  go_to_background ();
  in_background = tcgetpgrp (tty) != getpgrp ();
  vq_raw_terminal_free (terminal);
  dprintf (tty, "in background: %d\n", in_background);
  return 0;
}

TEST (restored_from_the_background)
{
  person_begin (background_body, NULL, 25, 81);
  person_expect ("in background: 1\r\n");
  ck_assert_int_eq (person_end (), 0);
}

static void
say_something (void)
{
  int saved = fcntl (STDERR_FILENO, F_DUPFD_CLOEXEC, 3);

  vq_log_init ("prog");
  g_message ("on something else");
  dup2 (tty, STDERR_FILENO);
  g_message ("hello");
  dup2 (saved, STDERR_FILENO);
  close (saved);
}

TEST (messages_return_the_carriage)
{
  int ends[2];
  int saved = fcntl (STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
  char buffer[100] = "";

  ck_assert (g_unix_open_pipe (ends, FD_CLOEXEC, NULL));
  dup2 (ends[1], STDERR_FILENO);
  person_begin (body, say_something, 25, 81);
  person_expect ("prog: hello\r\n");
  dup2 (saved, STDERR_FILENO);
  ck_assert_int_gt (read (ends[0], buffer, sizeof buffer - 1), 0);
  ck_assert_str_eq (buffer, "prog: on something else\n");
  person_type ("qq");
  ck_assert_int_eq (person_end (), 0);
  close (saved);
  close (ends[0]);
  close (ends[1]);
}

static int
detached_body (gpointer data)
{
  g_autoptr (GError) error = NULL;
  pid_t pid = fork ();
  int status;

  if (pid > 0)
    return waitpid (pid, &status, 0) == pid && status == 0 ? 0 : 1;
  setsid ();
  return vq_raw_terminal_new (say_size, NULL, &error) == NULL
                 && g_str_equal (error->message, "cannot open /dev/tty: No such device or address")
             ? 0
             : 2;
}

TEST (no_terminal)
{
  person_begin (detached_body, NULL, 25, 81);
  ck_assert_int_eq (person_end (), 0);
}
