// SPDX-License-Identifier: GPL-2.0-or-later
/* stderr is a file. (For terminals: check_user_stderr.c, and check_visible_text.c for all that is
 * made visible.) */
#include "io/guest-text.h"

#include <check.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "leaks.h"
#include "suite.h"

static int saved; /* our stderr */
static char *path;
static VqGuestText *text;

static void
set_up (void)
{
  int fd;

  leaks_begin ();
  saved = fcntl (STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
  fd = g_file_open_tmp ("vq-text-XXXXXX", &path, NULL);
  ck_assert_int_eq (dup2 (fd, STDERR_FILENO), STDERR_FILENO);
  close (fd);
}

static void
tear_down (void)
{
  dup2 (saved, STDERR_FILENO);
  close (saved);
  g_clear_pointer (&text, vq_guest_text_free);
  unlink (path);
  g_clear_pointer (&path, g_free);
  ck_assert (!g_main_context_pending (NULL));
  leaks_assert_none ();
}

static void
show (const char *bytes)
{
  vq_guest_text_show (text, bytes, strlen (bytes));
}

static void
run (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
assert_shown (const char *expected)
{
  g_autofree char *shown = NULL;

  ck_assert (g_file_get_contents (path, &shown, NULL, NULL));
  ck_assert_str_eq (shown, expected);
}

CASE ("guest-text", set_up, tear_down, 60)

TEST (visible)
{
  text = vq_guest_text_new (G_MAXUINT64);
  show ("\033]0;ti");
  show ("tle\007\r");
  show ("\nlogin: \r");
  assert_shown ("^[]0;title^G\nlogin: ");
  show ("\303");
  g_clear_pointer (&text, vq_guest_text_free);
  assert_shown ("^[]0;title^G\nlogin: ^M<C3>");
}

TEST (bound)
{
  text = vq_guest_text_new (5);
  show ("12345");
  assert_shown ("12345");
  show ("67");
  show ("8\a\n");
  assert_shown ("12345\n[this is too much: of the rest only the end is shown]\n");
  g_clear_pointer (&text, vq_guest_text_free);
  assert_shown ("12345\n[this is too much: of the rest only the end is shown]\n678^G\n");
}

TEST (far_beyond_the_bound)
{
  g_autofree char *block = g_strnfill (1000, 'x');
  g_autofree char *end = g_strnfill (2048 - 4, 'x');
  g_autofree char *expected
      = g_strdup_printf ("x\n[this is too much: of the rest only the end is shown]\n"
                         "[%d bytes are left out here]\n%send\n",
                         100 * 1000 + 4 - 1 - 2048, end);

  text = vq_guest_text_new (1);
  for (int i = 0; i < 100; i++)
    show (block);
  show ("end\n");
  g_clear_pointer (&text, vq_guest_text_free);
  assert_shown (expected);
}

TEST (through_a_pipe)
{
  int fd;

  text = vq_guest_text_new (G_MAXUINT64);
  fd = vq_guest_text_open_pipe (text, NULL);
  ck_assert_int_eq (fcntl (fd, F_GETFD), FD_CLOEXEC);
  ck_assert_int_eq (write (fd, "a\033\n", 3), 3);
  run ();
  assert_shown ("a^[\n");
  ck_assert_int_eq (write (fd, "rest", 4), 4);
  g_clear_pointer (&text, vq_guest_text_free); /* with the pipe still open */
  close (fd);
  assert_shown ("a^[\nrest");
}

/* Nothing spins when the writer has gone. */
TEST (end_of_the_pipe)
{
  int fd;

  text = vq_guest_text_new (G_MAXUINT64);
  fd = vq_guest_text_open_pipe (text, NULL);
  ck_assert_int_eq (write (fd, "bye\n", 4), 4);
  close (fd);
  run ();
  ck_assert (!g_main_context_pending (NULL));
  assert_shown ("bye\n");
}
