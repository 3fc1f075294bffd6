// SPDX-License-Identifier: GPL-2.0-or-later
#include "helper/helper-port.h"

#include <check.h>
#include <signal.h>
#include <string.h>

#include "port-setup.h"
#include "suite.h"

CASE ("frames", port_setup, port_teardown, 60)

TEST (peer_dies)
{
  port_sync ();
  port_open_stream ("one");
  fake_guest_send_bytes (port_guest, "o\0\3\0\1\0\0\0ab", 10); /* in the middle of a frame */
  fake_guest_flush (port_guest);
  fake_guest_hang_up (port_guest);
  port_assert_seen ("[the connection to the guest helper was closed]one failed ");
}

TEST (frames_reach_their_streams)
{
  port_sync ();
  ck_assert_uint_eq (port_open_stream ("one"), 1);
  ck_assert_uint_eq (port_open_stream ("two"), 2);
  fake_guest_send (port_guest, VQ_HELPER_STDOUT, 2, "b", 1);
  fake_guest_send (port_guest, VQ_HELPER_STDOUT, 1, "a", 1);
  fake_guest_send_u32 (port_guest, VQ_HELPER_EXITED, 2, 0);
  fake_guest_send (port_guest, VQ_HELPER_STDOUT, 1, "c", 1);
  fake_guest_send_u32 (port_guest, VQ_HELPER_SIGNALLED, 1, 9);
  port_assert_seen ("two:ob one:oa two:x one:oc one:g ");
  ck_assert_uint_eq (port_open_stream ("three"), 3);
  fake_guest_send (port_guest, VQ_HELPER_NOT_STARTED, 3, NULL, 0);
  port_assert_seen ("three:n ");
}

/* In pieces of every size, each read before the next is sent. */
TEST (frames_in_pieces)
{
  port_sync ();
  for (gsize size = 1; size < 30; size++)
    {
      GByteArray *bytes = g_byte_array_new ();
      guint32 stream = port_open_stream ("c");
      g_autoptr (GByteArray) abc = fake_guest_make (port_guest, 'o', stream, "abc", 3);
      g_autoptr (GByteArray) d = fake_guest_make (port_guest, 'o', stream, "d", 1);
      g_autoptr (GByteArray) end = fake_guest_make (port_guest, 'x', stream, "\0\0\0\0", 4);

      g_byte_array_append (bytes, abc->data, abc->len);
      g_byte_array_append (bytes, (const guint8 *)"\0\0\0", 3);
      g_byte_array_append (bytes, d->data, d->len);
      g_byte_array_append (bytes, end->data, end->len);
      for (gsize at = 0; at < bytes->len; at += size)
        {
          fake_guest_send_bytes (port_guest, bytes->data + at, MIN (size, bytes->len - at));
          fake_guest_flush (port_guest);
        }
      g_byte_array_unref (bytes);
      port_assert_seen ("c:oabc c:od c:x ");
    }
}

typedef struct
{
  guint8 type;
  guint32 stream;
  const char *payload;
  gsize n;
  const char *error; /* after "the guest helper sent " */
} Violation;

/* Each ends the connection, tells everybody, and what follows is ignored. */
static void
try_violation (const Violation *violation)
{
  g_autofree char *error = g_strconcat ("the guest helper sent ", violation->error, NULL);
  g_autofree char *told = g_strdup_printf ("[%s]command failed ", error);

  port_start_again ();
  port_sync ();
  ck_assert_uint_eq (port_open_stream ("command"), 1);
  fake_guest_send (port_guest, violation->type, violation->stream, violation->payload,
                   violation->n);
  fake_guest_send_u32 (port_guest, VQ_HELPER_EXITED, 1, 0);
  port_assert_seen (told);
  ck_assert_str_eq (vq_helper_port_get_error (port_tested)->message, error);
  vq_helper_port_send (port_tested, VQ_HELPER_STDIN_END, 1, NULL, 0);
  fake_guest_send (port_guest, VQ_HELPER_STDOUT, 1, "a", 1);
  port_assert_seen ("");
  port_sync ();
  ck_assert_uint_eq (port_open_stream ("next"), 2);
  fake_guest_send (port_guest, VQ_HELPER_STDOUT, 2, "a", 1);
  port_assert_seen ("next:oa ");
}

TEST (every_violation)
{
  static const char too_long[VQ_HELPER_PAYLOAD_MAX + 1];
  static const Violation violations[] = {
    { 'R', 1, "abcd", 4, "a frame of unknown type (0x5200)" },
    { 0xFF, 1, "abcd", 4, "a frame of unknown type (0xff00)" },
    { 'x', 1, "abc", 3, "a frame of type 'x' with a length of 3" },
    { 'o', 1, "", 0, "a frame of type 'o' with a length of 0" },
    { 'o', 1, too_long, 32753, "a frame of type 'o' with a length of 32753" },
    { 'o', 0, "a", 1, "a frame of type 'o' for stream 0" },
    { 'F', 1, "a", 1, "a frame of type 'F' for stream 1" },
    { 'o', 2, "a", 1, "a frame of type 'o' for stream 2, which is not open" },
    { 'x', 0x80000001, "\1\0\0\0", 4,
      "a frame of type 'x' for stream 2147483649, which is not open" },
    { 'd', 1, "\0\0\0\0", 4, "a frame of type 'd' for a command" },
    { 'F', 0, "no\tmemory\033[31m", 14, "its last words: no memory" },
    { 'h', 0, VQ_HELPER_MAGIC "0123456789abcdef\1\0\0\0\1\0\0\0", 32,
      "a frame of type 'h' at a wrong position" },
    { 'u', 0, VQ_HELPER_MAGIC "0123456789abcdef\1\0\0\0\1\0\0\0", 32,
      "a frame of type 'u' at a wrong position" },
    { 'A', 0, "\1\0\0\0", 4, "an acknowledgement of what it did not get" },
    { 'A', 0, "\377\377\377\177", 4, "an acknowledgement of what it did not get" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (violations); i++)
    try_violation (&violations[i]);
}

TEST (violation_of_a_stream)
{
  static const Violation violation = { 's', 1, "", 0, "what it should not" };
  g_autofree char *expected = NULL;

  port_sync ();
  port_open_stream ("one");
  fake_guest_send (port_guest, violation.type, 1, NULL, 0);
  fake_guest_send (port_guest, VQ_HELPER_STDOUT, 1, "a", 1);
  port_assert_seen ("one:s [the guest helper sent what it should not]one failed ");
}

TEST (frame_after_the_end)
{
  port_sync ();
  port_open_stream ("one");
  fake_guest_send_u32 (port_guest, VQ_HELPER_EXITED, 1, 0);
  fake_guest_send (port_guest, VQ_HELPER_STDOUT, 1, "a", 1);
  port_assert_seen (
      "one:x [the guest helper sent a frame of type 'o' for stream 1, which is not open]");
}

/* It stays until its end, which nobody hears. */
TEST (dropped_stream)
{
  port_sync ();
  vq_helper_port_drop_stream (port_tested, port_open_stream ("one"));
  vq_helper_port_drop_stream (port_tested, 4711);
  fake_guest_send (port_guest, VQ_HELPER_STDOUT, 1, "a", 1);
  fake_guest_send (port_guest, VQ_HELPER_STDIN_CLOSED, 1, NULL, 0);
  fake_guest_send_u32 (port_guest, VQ_HELPER_SIGNALLED, 1, 9);
  fake_guest_flush (port_guest);
  port_assert_seen ("");
  fake_guest_send_u32 (port_guest, VQ_HELPER_SIGNALLED, 1, 9);
  port_assert_failed ("the guest helper sent a frame of type 'g' for stream 1, which is not open");
}

TEST (too_many_streams)
{
  port_sync ();
  for (guint32 i = 1; i <= VQ_HELPER_STREAMS_MAX; i++)
    ck_assert_uint_eq (port_open_stream ("c"), i);
  ck_assert_uint_eq (port_open_stream ("c"), 0);
  vq_helper_port_drop_stream (port_tested, 500);
  ck_assert_uint_eq (port_open_stream ("c"), 0);
  fake_guest_send_u32 (port_guest, VQ_HELPER_EXITED, 500, 0);
  fake_guest_flush (port_guest);
  ck_assert_uint_eq (port_open_stream ("c"), VQ_HELPER_STREAMS_MAX + 1);
  ck_assert_uint_eq (port_open_stream ("c"), 0);
}

/* A stream that is opened without a connection fails, later. */
TEST (stream_without_connection)
{
  port_open_stream ("early");
  ck_assert_str_eq (port_told->str, "");
  port_assert_seen ("early failed ");
  port_sync ();
  fake_guest_send (port_guest, VQ_HELPER_FATAL, 0, "a", 1);
  port_assert_failed ("the guest helper sent its last words: a");
  port_open_stream ("late");
  ck_assert_str_eq (port_told->str, "");
  port_assert_seen ("late failed ");
}

TEST (port_closes)
{
  vq_helper_port_set_open (port_tested, TRUE);
  port_sync ();
  port_open_stream ("one");
  vq_helper_port_set_open (port_tested, FALSE);
  ck_assert_str_eq (port_told->str, "");
  port_assert_seen ("[the guest helper has ended (was it killed?)]one failed ");
}

/* What it said last counts. */
TEST (port_closes_after_last_words)
{
  static const guint8 zeroes[VQ_HELPER_PAYLOAD_MAX];

  port_sync ();
  port_open_stream ("one");
  for (int i = 0; i < 5; i++) /* more than is read at once */
    fake_guest_send (port_guest, VQ_HELPER_STDERR, 1, zeroes, sizeof zeroes);
  fake_guest_send_u32 (port_guest, VQ_HELPER_EXITED, 1, 0);
  fake_guest_send (port_guest, VQ_HELPER_FATAL, 0, "no memory", 9);
  vq_helper_port_set_open (port_tested, FALSE);
  port_assert_seen ("one:r one:r one:r one:r one:r one:x "
                    "[the guest helper sent its last words: no memory]");
}

TEST (send_frames)
{
  g_autofree char *large = g_strnfill (VQ_HELPER_SEND_MAX, 'L');
  static const gsize lengths[] = { 1, 32751, 32752, 32753, 65504, 65505, 65536 };

  port_sync ();
  vq_helper_port_send (port_tested, VQ_HELPER_STDIN_END, 0x01020304, NULL, 0);
  ck_assert_uint_eq (fake_guest_expect (port_guest, VQ_HELPER_STDIN_END, NULL, 0), 0x01020304);
  vq_helper_port_send_u32 (port_tested, VQ_HELPER_KILL, 1, 0xF0000009);
  fake_guest_expect_u32 (port_guest, VQ_HELPER_KILL, 0xF0000009);
  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      vq_helper_port_send (port_tested, VQ_HELPER_STDIN, 7, large, lengths[i]);
      for (gsize left = lengths[i]; left > 0; left -= MIN (left, VQ_HELPER_PAYLOAD_MAX))
        ck_assert_uint_eq (fake_guest_expect (port_guest, VQ_HELPER_STDIN, large,
                                              MIN (left, VQ_HELPER_PAYLOAD_MAX)),
                           7);
    }
}

static guint n_rooms;

static void
on_room (gpointer data)
{
  n_rooms++;
}

/* QEMU takes nothing, then all. */
TEST (full)
{
  g_autofree char *large = g_strnfill (VQ_HELPER_SEND_MAX, 'L');
  guint n = 0;

  port_sync ();
  fake_guest_set_stuck (port_guest, TRUE);
  n_rooms = 0;
  for (; !vq_helper_port_is_full (port_tested); n++)
    vq_helper_port_send (port_tested, VQ_HELPER_STDIN, 1, large, VQ_HELPER_SEND_MAX);
  ck_assert_uint_lt (n, 100);
  vq_helper_port_wait_for_room (port_tested, on_room, &n);
  vq_helper_port_wait_for_room (port_tested, on_room, large);
  vq_helper_port_forget_room (port_tested, large);
  fake_guest_set_stuck (port_guest, FALSE);
  for (guint i = 0; i < 3 * n; i++)
    {
      guint32 stream;

      g_bytes_unref (fake_guest_take (port_guest, VQ_HELPER_STDIN, &stream));
    }
  ck_assert_uint_eq (n_rooms, 1);
  ck_assert (!vq_helper_port_is_full (port_tested));
}

/* What waited for an old connection is not sent on the next. */
TEST (full_when_it_fails)
{
  g_autofree char *large = g_strnfill (VQ_HELPER_SEND_MAX, 'L');

  port_sync ();
  fake_guest_set_stuck (port_guest, TRUE);
  n_rooms = 0;
  while (!vq_helper_port_is_full (port_tested))
    vq_helper_port_send (port_tested, VQ_HELPER_STDIN, 1, large, VQ_HELPER_SEND_MAX);
  vq_helper_port_wait_for_room (port_tested, on_room, NULL);
  fake_guest_send_u32 (port_guest, VQ_HELPER_EXITED, 1, 0);
  port_assert_failed ("the guest helper sent a frame of type 'x' for stream 1, which is not open");
  ck_assert (!vq_helper_port_is_full (port_tested));
  ck_assert_uint_eq (n_rooms, 0);
}

static gboolean
free_port_in_frame (const VqHelperFrame *frame, gpointer data, GError **error)
{
  g_string_append (port_told, "freed");
  g_clear_pointer (&port_tested, vq_helper_port_free);
  return frame->type != VQ_HELPER_STDIN_CLOSED || vq_error_set (error, VQ_ERROR_PEER, "nonsense");
}

static void
free_port (const GError *reason, gpointer data)
{
  g_string_append (port_told, "freed");
  g_clear_pointer (&port_tested, vq_helper_port_free);
}

/* By whatever it calls. */
TEST (freed_by_callbacks)
{
  static const VqHelperStreamHandlers freeing = { free_port_in_frame, free_port };
  static const guint8 types[] = { VQ_HELPER_EXITED, VQ_HELPER_STDIN_CLOSED, VQ_HELPER_FATAL };

  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    {
      port_start_again ();
      port_sync ();
      vq_helper_port_on_failed (port_tested, NULL, NULL);
      for (guint k = 0; k < 3; k++)
        vq_helper_port_open_stream (port_tested, VQ_HELPER_STREAM_COMMAND, &freeing, NULL);
      fake_guest_send (port_guest, types[i], types[i] == VQ_HELPER_FATAL ? 0 : 1, "\0\0\0\0",
                       types[i] == VQ_HELPER_STDIN_CLOSED ? 0 : 4);
      fake_guest_send_u32 (port_guest, VQ_HELPER_EXITED, 2, 0);
      port_assert_seen ("freed");
    }
  port_start_again ();
  port_sync ();
  vq_helper_port_on_failed (port_tested, free_port, NULL);
  port_open_stream ("not told");
  fake_guest_hang_up (port_guest);
  port_assert_seen ("freed");
}

TEST (free_in_every_state)
{
  g_clear_pointer (&port_tested, vq_helper_port_free);
  port_start_again ();
  port_open_stream ("early");
  vq_helper_port_push (port_tested, "abc", 3);
  port_start_again ();
  port_sync ();
  port_open_stream ("one");
  port_start_again ();
  port_sync ();
  port_open_stream ("one");
  vq_helper_port_set_open (port_tested, FALSE);
  port_start_again ();
  port_sync ();
  fake_guest_hang_up (port_guest);
  while (vq_helper_port_get_error (port_tested) == NULL)
    g_main_context_iteration (NULL, TRUE);
  vq_helper_port_free (NULL);
  port_start_again ();
}
