// SPDX-License-Identifier: GPL-2.0-or-later
#include "person.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define PATIENCE 60 /* seconds; for things that take none */

static int master = -1;
static pid_t child;
static struct termios mode_before;
static GString *seen;
static gsize expected; /* so much of SEEN is behind us */

/* The child leads a session whose terminal is SLAVE. */
static void G_GNUC_NORETURN
run_child (const char *slave, PersonBody body, gpointer data)
{
  int fd;

  /* libcheck's own would end the test. */
  signal (SIGINT, SIG_DFL);
  signal (SIGTERM, SIG_DFL);
  setsid ();
  fd = open (slave, O_RDWR | O_CLOEXEC);
  if (fd < 0)
    _exit (99);
  close (master);
  exit (body (data));
}

void
person_begin (PersonBody body, gpointer data, guint rows, guint columns)
{
  const char *slave;

  /* What the child leaves behind becomes ours, so that its end can be waited for. */
  ck_assert_int_eq (prctl (PR_SET_CHILD_SUBREAPER, 1), 0);
  master = posix_openpt (O_RDWR | O_NOCTTY | O_CLOEXEC);
  ck_assert_int_ge (master, 0);
  ck_assert_int_eq (grantpt (master), 0);
  ck_assert_int_eq (unlockpt (master), 0);
  slave = ptsname (master);
  person_resize (rows, columns);
  ck_assert_int_eq (tcgetattr (master, &mode_before), 0);
  seen = g_string_new (NULL);
  expected = 0;
  child = fork ();
  ck_assert_int_ge (child, 0);
  if (child == 0)
    run_child (slave, body, data);
}

pid_t
person_child (void)
{
  return child;
}

void
person_type (const char *keys)
{
  ck_assert_int_eq (write (master, keys, strlen (keys)), strlen (keys));
}

void
person_expect (const char *text)
{
  gint64 deadline = g_get_monotonic_time () + PATIENCE * G_USEC_PER_SEC;
  const char *found;

  while ((found = strstr (seen->str + expected, text)) == NULL)
    {
      GPollFD poll_fd = { master, G_IO_IN, 0 };
      gint64 left = deadline - g_get_monotonic_time ();
      char buffer[1024];
      gssize n = 0;

      if (left > 0 && g_poll (&poll_fd, 1, left / 1000 + 1) > 0)
        n = read (master, buffer, sizeof buffer);
      ck_assert_msg (n > 0, "there is no \"%s\" in \"%s\"", text, seen->str + expected);
      g_string_append_len (seen, buffer, n);
    }
  expected = found - seen->str + strlen (text);
}

const char *
person_seen (void)
{
  return seen->str;
}

void
person_resize (guint rows, guint columns)
{
  struct winsize size = { .ws_row = rows, .ws_col = columns };

  ck_assert_int_eq (ioctl (master, TIOCSWINSZ, &size), 0);
}

gboolean
person_is_raw (void)
{
  struct termios mode;

  ck_assert_int_eq (tcgetattr (master, &mode), 0);
  return (mode.c_lflag & (ECHO | ICANON | ISIG | IEXTEN)) == 0 && (mode.c_oflag & OPOST) == 0
         && (mode.c_iflag & (ICRNL | IXON)) == 0;
}

gboolean
person_is_as_before (void)
{
  struct termios mode;

  ck_assert_int_eq (tcgetattr (master, &mode), 0);
  return mode.c_iflag == mode_before.c_iflag && mode.c_oflag == mode_before.c_oflag
         && mode.c_lflag == mode_before.c_lflag && mode.c_cflag == mode_before.c_cflag
         && memcmp (mode.c_cc, mode_before.c_cc, sizeof mode.c_cc) == 0;
}

int
person_end (void)
{
  int status = -1;
  int ended;
  pid_t pid;

  while ((pid = waitpid (-1, &ended, 0)) > 0)
    if (pid == child)
      status = ended;
  ck_assert_int_eq (errno, ECHILD);
  ck_assert_int_ne (status, -1);
  ck_assert (person_is_as_before ());
  close (master);
  g_string_free (seen, TRUE);
  return status;
}
