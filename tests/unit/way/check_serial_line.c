// SPDX-License-Identifier: GPL-2.0-or-later
#include "way/serial-line.h"

#include <check.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "leaks.h"
#include "suite.h"

#define PATIENCE 60 /* seconds; for things that take none */

static VqSerialLine *line;
static int peer;
static guint n_heard;

static void
on_heard (gpointer data)
{
  n_heard++;
}

static void
setup (void)
{
  int ends[2];

  leaks_begin ();
  ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  peer = ends[1];
  line = vq_serial_line_new (ends[0]);
  n_heard = 0;
  vq_serial_line_on_heard (line, on_heard, NULL);
}

static void
teardown (void)
{
  g_clear_pointer (&line, vq_serial_line_free);
  if (peer >= 0)
    close (peer);
  leaks_assert_none ();
  ck_assert (!g_main_context_pending (NULL));
}

static void
hang_up (void)
{
  close (peer);
  peer = -1;
}

static gint64
soon (void)
{
  return vq_deadline_in (PATIENCE);
}

static void
say_bytes (const char *bytes, gsize n)
{
  ck_assert_int_eq (write (peer, bytes, n), n);
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
say (const char *text)
{
  say_bytes (text, strlen (text));
}

static void
assert_words (gboolean complete, const char *expected)
{
  g_autofree char *words = vq_serial_line_last_words (line, complete);

  ck_assert_str_eq (words, expected);
}

CASE ("serial-line", setup, teardown, 60)

TEST (hears)
{
  ck_assert_str_eq (vq_serial_line_get_text (line), "");
  say ("one\r\n");
  say ("two");
  ck_assert_str_eq (vq_serial_line_get_text (line), "one\r\ntwo");
  ck_assert_uint_eq (n_heard, 2);
  vq_serial_line_forget (line, strstr (vq_serial_line_get_text (line), "two"));
  ck_assert_str_eq (vq_serial_line_get_text (line), "two");
  vq_serial_line_forget (line, NULL);
  ck_assert_str_eq (vq_serial_line_get_text (line), "");
  vq_serial_line_on_heard (line, NULL, NULL);
  say_bytes ("a\0\xff\033", 4);
  ck_assert_str_eq (vq_serial_line_get_text (line), "a \xff\033");
  ck_assert_uint_eq (n_heard, 2);
}

TEST (last_words)
{
  assert_words (FALSE, "");
  assert_words (TRUE, "");
  say ("host\033[2J login: ");
  assert_words (FALSE, "host login:");
  assert_words (TRUE, "");
  say ("root\r\n\r\nPassword: ");
  assert_words (FALSE, "Password:");
  assert_words (TRUE, "host login: root");
  say ("\r\n \r\n");
  assert_words (FALSE, "Password:");
  assert_words (TRUE, "Password:");
}

TEST (secrets)
{
  say ("\r\nroot: pass \001word, pass \001word");
  vq_serial_line_set_secret (line, "pass \001word");
  assert_words (FALSE, "root: ***, ***");
  vq_serial_line_set_secret (line, "");
  assert_words (FALSE, "root: pass word, pass word");
  vq_serial_line_set_secret (line, "t");
  assert_words (FALSE, "roo***: pass word, pass word");
  vq_serial_line_set_secret (line, NULL);
  assert_words (FALSE, "root: pass word, pass word");
}

/* However much is said, and however long its lines are. */
TEST (bounded)
{
  g_autofree char *block = g_strnfill (10000, 'x');

  for (guint i = 0; i < 100; i++)
    {
      g_autofree char *words = NULL;

      say (block);
      ck_assert_uint_le (strlen (vq_serial_line_get_text (line)), 16384);
      words = vq_serial_line_last_words (line, FALSE);
      ck_assert_uint_le (strlen (words), 203);
    }
  ck_assert_uint_ge (strlen (vq_serial_line_get_text (line)), 8192);
}

TEST (sends)
{
  char buffer[100] = "";

  ck_assert (vq_serial_line_is_taken (line));
  vq_serial_line_send (line, "one\n");
  vq_serial_line_send (line, "two\n");
  ck_assert (!vq_serial_line_is_taken (line));
  vq_serial_line_interrupt (line);
  ck_assert_int_eq (read (peer, buffer, sizeof buffer), 10);
  ck_assert_str_eq (buffer, "one\ntwo\n\003\n");
  ck_assert (vq_serial_line_is_taken (line));
}

static gssize
read_all (char *buffer, gsize size)
{
  gssize n, all = 0;

  while ((n = recv (peer, buffer + all, size - all, MSG_DONTWAIT)) > 0)
    {
      all += n;
      while (g_main_context_iteration (NULL, FALSE))
        ;
    }
  return all;
}

/* What there is no room for comes later, unless it is given up. */
TEST (no_room)
{
  gsize n = 2 * 1024 * 1024;
  g_autofree char *much = g_strnfill (n, 'x');
  g_autofree char *buffer = g_malloc (n + 100);

  vq_serial_line_send (line, much);
  vq_serial_line_send (line, "end");
  ck_assert_int_eq (read_all (buffer, n + 100), n + 3);
  ck_assert_mem_eq (buffer + n, "end", 3);
  vq_serial_line_send (line, much);
  vq_serial_line_send (line, "end");
  vq_serial_line_interrupt (line);
  n = read_all (buffer, n + 100);
  ck_assert_uint_lt (n, 2 * 1024 * 1024);
  ck_assert_mem_eq (buffer + n - 3, "x\003\n", 3);
}

TEST (ends)
{
  g_autoptr (GError) error = NULL;

  say ("bye");
  ck_assert_ptr_null (vq_serial_line_get_error (line));
  hang_up ();
  ck_assert (!vq_serial_line_wait_more (line, soon (), NULL, &error));
  ck_assert (g_error_matches (error, VQ_ERROR, VQ_ERROR_PEER));
  ck_assert_str_eq (error->message, "the serial port is gone: QEMU has closed it");
  ck_assert_str_eq (vq_serial_line_get_error (line)->message, error->message);
  ck_assert_uint_eq (n_heard, 2);
  assert_words (FALSE, "bye");
  vq_serial_line_send (line, "anybody?");
  vq_serial_line_interrupt (line);
}

TEST (ends_when_sending)
{
  hang_up ();
  vq_serial_line_send (line, "hello");
  ck_assert_ptr_nonnull (vq_serial_line_get_error (line));
  ck_assert (!vq_serial_line_wait_more (line, soon (), NULL, NULL));
}

static gboolean
say_more (gpointer data)
{
  ck_assert_int_eq (write (peer, "more", 4), 4);
  return G_SOURCE_REMOVE;
}

TEST (waits_for_more)
{
  g_autoptr (VqCancel) cancel = vq_cancel_new (NULL);
  g_autoptr (GError) reason = g_error_new_literal (VQ_ERROR, VQ_ERROR_CANCELLED, "stop");
  g_autoptr (GError) error = NULL;
  gint64 before = vq_serial_line_last_heard (line);

  ck_assert (vq_serial_line_wait_more (line, vq_deadline_in (0.02), cancel, NULL));
  ck_assert_int_eq (vq_serial_line_last_heard (line), before);
  g_timeout_add (20, say_more, NULL);
  ck_assert (vq_serial_line_wait_more (line, soon (), cancel, NULL));
  ck_assert_str_eq (vq_serial_line_get_text (line), "more");
  ck_assert_int_gt (vq_serial_line_last_heard (line), before);
  vq_cancel_trigger (cancel, reason);
  ck_assert (!vq_serial_line_wait_more (line, soon (), cancel, &error));
  ck_assert_str_eq (error->message, "stop");
}

static gboolean
take_all (gpointer data)
{
  char buffer[100];
  gssize n = read (peer, buffer, sizeof buffer);

  if (n > 0)
    g_string_append_len (data, buffer, n);
  else
    hang_up ();
  return peer >= 0;
}

/* QEMU gets all before it sees the end. */
TEST (finishes)
{
  g_autoptr (GString) taken = g_string_new (NULL);

  vq_serial_line_send (line, "exit\n");
  g_timeout_add (20, take_all, taken);
  vq_serial_line_finish (line, soon (), NULL);
  ck_assert_str_eq (taken->str, "exit\n");
  ck_assert_ptr_nonnull (vq_serial_line_get_error (line));
}

TEST (finishes_in_time)
{
  vq_serial_line_send (line, "exit\n");
  vq_serial_line_finish (line, vq_deadline_in (0.02), NULL);
  ck_assert_ptr_null (vq_serial_line_get_error (line));
}
