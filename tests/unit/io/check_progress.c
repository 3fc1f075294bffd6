// SPDX-License-Identifier: GPL-2.0-or-later
#include "io/progress.h"

#include <check.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/wait.h"
#include "person.h"
#include "suite.h"

static gboolean
never (gpointer data)
{
  return FALSE;
}

static void
pass (double seconds)
{
  (void)!vq_wait_until (never, NULL, vq_deadline_in (seconds), NULL, "end", NULL);
}

static char *
say_count (gpointer data)
{
  int *n = data;

  return g_strdup_printf ("said %d", ++*n);
}

static void
take_terminal (void)
{
  int fd = open ("/dev/tty", O_RDWR | O_CLOEXEC);

  dup2 (fd, STDERR_FILENO);
  close (fd);
}

/* What the children do. */
static int
wait_long (gpointer data)
{
  int n = 0;
  VqProgress *progress;

  take_terminal ();
  progress = vq_progress_new (say_count, &n);
  pass (3.5);
  vq_progress_free (progress);
  return n >= 2 && write (STDERR_FILENO, "end", 3) == 3 ? 0 : 1;
}

static int
wait_a_moment (gpointer data)
{
  VqProgress *progress;

  take_terminal ();
  progress = vq_progress_new_text ("never seen");
  vq_progress_free (progress);
  pass (1.5);
  return write (STDERR_FILENO, "end", 3) == 3 ? 0 : 1;
}

static int
wait_unseen (gpointer data)
{
  VqProgress *progress;

  take_terminal ();
  vq_progress_hide ();
  progress = vq_progress_new_text ("never seen");
  pass (2.5);
  vq_progress_free (progress);
  return write (STDERR_FILENO, "end", 3) == 3 ? 0 : 1;
}

CASE ("progress", NULL, NULL, 60)

/* The line is replaced, and is gone at the end. */
TEST (a_long_wait)
{
  person_begin (wait_long, NULL, 24, 80);
  person_expect ("end");
  ck_assert_ptr_nonnull (strstr (person_seen (), " s: said 1\r\033[K"));
  ck_assert (g_str_has_suffix (person_seen (), "\r\033[Kend"));
  ck_assert_int_eq (person_end (), 0);
}

TEST (a_short_wait)
{
  person_begin (wait_a_moment, NULL, 24, 80);
  person_expect ("end");
  ck_assert_str_eq (person_seen (), "end");
  ck_assert_int_eq (person_end (), 0);
}

TEST (the_user_sees_other_things)
{
  person_begin (wait_unseen, NULL, 24, 80);
  person_expect ("end");
  ck_assert_str_eq (person_seen (), "end");
  ck_assert_int_eq (person_end (), 0);
}

/* Nobody would see it, and so nothing is asked. */
TEST (no_terminal)
{
  int n = 0;
  VqProgress *progress = vq_progress_new (say_count, &n);

  pass (1.5);
  vq_progress_free (progress);
  ck_assert_int_eq (n, 0);
}
