// SPDX-License-Identifier: GPL-2.0-or-later
#include "helper/helper-frame.h"

#include <check.h>
#include <string.h>

#include "base/error.h"
#include "frame-maker.h"
#include "suite.h"

#define HELLO_SIZE VQ_HELPER_HELLO_SIZE
#define REPLY_SIZE (HELLO_SIZE + 8)

static VqHelperFrameReader *reader;
static GByteArray *bytes; /* what the guest sends */
static FrameMaker maker;
static GString *seen; /* what came of it */

static void
setup (void)
{
  reader = vq_helper_frame_reader_new ();
  bytes = g_byte_array_new ();
  frame_maker_init (&maker);
  seen = g_string_new (NULL);
}

static void
teardown (void)
{
  g_clear_pointer (&reader, vq_helper_frame_reader_free);
  g_clear_pointer (&bytes, g_byte_array_unref);
  frame_maker_clear (&maker);
  g_string_free (seen, TRUE);
}

/* The bytes come again, from their beginning. */
static void
renew (void)
{
  vq_helper_frame_reader_free (reader);
  reader = vq_helper_frame_reader_new ();
}

static void
put (guint8 type, guint32 stream, const void *payload, gsize n)
{
  frame_maker_add (&maker, bytes, type, stream, payload, n);
}

static void
put_zeroes (guint8 type, guint32 stream, gsize n)
{
  static const guint8 zeroes[VQ_HELPER_FRAME_MAX * 2];

  put (type, stream, zeroes, n);
}

static void
put_padding (gsize n)
{
  guint at = bytes->len;

  g_byte_array_set_size (bytes, at + n);
  memset (bytes->data + at, 0, n);
}

/* "MMMMMMMMNNNNNNNNNNNNNNNN", with the letter as the nonce. */
static void
fill_hello (guint8 hello[HELLO_SIZE], char letter)
{
  memcpy (hello, VQ_HELPER_MAGIC, VQ_HELPER_MAGIC_SIZE);
  memset (hello + VQ_HELPER_MAGIC_SIZE, letter, VQ_HELPER_NONCE_SIZE);
}

static void
put_reply (char letter)
{
  guint8 payload[REPLY_SIZE] = { 0 };

  fill_hello (payload, letter);
  payload[HELLO_SIZE] = 1;
  frame_maker_begin (&maker, payload + VQ_HELPER_MAGIC_SIZE);
  put (VQ_HELPER_HELLO_REPLY, 0, payload, sizeof payload);
}

static void
hunt (char letter)
{
  guint8 hello[HELLO_SIZE];

  fill_hello (hello, letter);
  vq_helper_frame_reader_hunt_reply (reader, hello);
}

/* Writes down all frames that are complete; FALSE if one is wrong. */
static gboolean
take (void)
{
  VqHelperFrame frame;
  g_autoptr (GError) error = NULL;

  for (;;)
    switch (vq_helper_frame_reader_next (reader, &frame, &error))
      {
      case VQ_HELPER_FRAME_COMPLETE:
        g_string_append_printf (seen, "%c%u:%zu", frame.type, frame.stream, frame.length);
        if (frame.type == VQ_HELPER_STDOUT && frame.length <= 8)
          g_string_append_printf (seen, "=%.*s", (int)frame.length, frame.payload);
        g_string_append_c (seen, ' ');
        break;
      case VQ_HELPER_FRAME_PARTIAL:
        return TRUE;
      case VQ_HELPER_FRAME_WRONG:
        ck_assert (g_error_matches (error, VQ_ERROR, VQ_ERROR_PEER));
        g_string_append (seen, error->message);
        return FALSE;
      }
}

static gboolean
feed (const guint8 *data, gsize n)
{
  while (n > 0)
    {
      gsize room;
      guint8 *to = vq_helper_frame_reader_get_room (reader, &room);
      gsize piece = MIN (room, n);

      ck_assert_uint_gt (room, 0);
      memcpy (to, data, piece);
      vq_helper_frame_reader_add (reader, piece);
      data += piece;
      n -= piece;
      if (!take ())
        return FALSE;
    }
  return TRUE;
}

/* The bytes in pieces of SIZE, the first being FIRST long. */
static void
feed_in_pieces (gsize first, gsize size)
{
  gsize n;

  g_string_truncate (seen, 0);
  for (gsize at = 0; at < bytes->len; at += n)
    {
      n = MIN (at == 0 ? first : size, bytes->len - at);
      if (!feed (bytes->data + at, n))
        return;
    }
}

static void
assert_all (const char *expected)
{
  feed_in_pieces (bytes->len, bytes->len);
  ck_assert_str_eq (seen->str, expected);
}

static void
put_one_of_each (void)
{
  put (VQ_HELPER_STDOUT, 1, "abc", 3);
  put (VQ_HELPER_STDERR, 0xFFFFFFFF, "defg", 4);
  put_padding (11);
  put_zeroes (VQ_HELPER_STDIN_CREDIT, 2, 4);
  put (VQ_HELPER_STDIN_CLOSED, 3, NULL, 0);
  put_zeroes (VQ_HELPER_EXITED, 4, 4);
  put_zeroes (VQ_HELPER_SIGNALLED, 5, 4);
  put_padding (1);
  put (VQ_HELPER_NOT_STARTED, 6, "no such user", 12);
  put_zeroes (VQ_HELPER_DONE, 7, 4);
  put_zeroes (VQ_HELPER_ACK, 0, 4);
  put (VQ_HELPER_FATAL, 0, "no memory", 9);
  put (VQ_HELPER_STDOUT, 0x01020304, "x", 1);
}

static const char one_of_each[] = "o1:3=abc r4294967295:4 c2:4 s3:0 x4:4 g5:4 n6:12 d7:4 A0:4 F0:9 "
                                  "o16909060:1=x ";

CASE ("helper-frame", setup, teardown, 60)

TEST (all_at_once)
{
  put_one_of_each ();
  assert_all (one_of_each);
}

TEST (split_anywhere)
{
  put_one_of_each ();
  for (gsize first = 1; first < bytes->len; first++)
    {
      renew ();
      feed_in_pieces (first, bytes->len);
      ck_assert_str_eq (seen->str, one_of_each);
    }
  for (gsize size = 1; size < 40; size++)
    {
      renew ();
      feed_in_pieces (size, size);
      ck_assert_str_eq (seen->str, one_of_each);
    }
}

/* More than the buffer holds, frame after frame. */
TEST (large_frames)
{
  g_autoptr (GString) expected = g_string_new (NULL);

  for (int i = 1; i <= 40; i++)
    {
      put_zeroes (VQ_HELPER_STDOUT, i, VQ_HELPER_PAYLOAD_MAX - i % 3);
      put_padding (i % 2);
      g_string_append_printf (expected, "o%d:%u ", i, VQ_HELPER_PAYLOAD_MAX - i % 3);
    }
  assert_all (expected->str);
  renew ();
  feed_in_pieces (32767, 32769);
  ck_assert_str_eq (seen->str, expected->str);
}

TEST (lengths)
{
  static const struct
  {
    guint8 type;
    gsize min, max;
  } cases[] = {
    { VQ_HELPER_FATAL, 0, 512 },      { VQ_HELPER_STDOUT, 1, 32752 },
    { VQ_HELPER_STDERR, 1, 32752 },   { VQ_HELPER_STDIN_CREDIT, 4, 4 },
    { VQ_HELPER_STDIN_CLOSED, 0, 0 }, { VQ_HELPER_EXITED, 4, 4 },
    { VQ_HELPER_SIGNALLED, 4, 4 },    { VQ_HELPER_NOT_STARTED, 0, 512 },
    { VQ_HELPER_DONE, 4, 4 },         { VQ_HELPER_HELLO_REPLY, 32, 32 },
    { VQ_HELPER_ACK, 4, 4 },          { VQ_HELPER_RESUMED, 32, 32 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    for (gsize n = 0; n <= 65535; n = n == 600 ? 32000 : n == 33000 ? 65535 : n + 1)
      {
        guint8 type = cases[i].type;
        guint32 stream = strchr ("FhAu", type) != NULL ? 0 : 1;
        g_autofree char *good = g_strdup_printf ("%c%u:%zu ", type, stream, n);
        g_autofree char *bad
            = g_strdup_printf ("a frame of type '%c' with a length of %zu", type, n);

        teardown ();
        setup ();
        put_zeroes (type, stream, n);
        feed_in_pieces (bytes->len, bytes->len);
        if (n > 8 || type != VQ_HELPER_STDOUT)
          ck_assert_str_eq (seen->str, n >= cases[i].min && n <= cases[i].max ? good : bad);
        else
          ck_assert_int_eq (seen->str[0], n == 0 ? 'a' : 'o');
      }
}

TEST (types)
{
  static const char known[] = "huAForcsxgnd";

  for (int type = 1; type < 256; type++)
    {
      g_autofree char *bad
          = g_strdup_printf ("a frame of unknown type (0x%02x00)", (unsigned int)type);

      if (strchr (known, type) != NULL)
        continue;
      teardown ();
      setup ();
      put_zeroes (type, 1, 4);
      assert_all (bad);
    }
}

TEST (second_byte)
{
  put_zeroes (VQ_HELPER_EXITED, 1, 4);
  bytes->data[1] = 7;
  assert_all ("a frame of unknown type (0x7807)");
}

TEST (wrong_streams)
{
  put_zeroes (VQ_HELPER_EXITED, 0, 4);
  assert_all ("a frame of type 'x' for stream 0");
  teardown ();
  setup ();
  put_zeroes (VQ_HELPER_FATAL, 9, 4);
  assert_all ("a frame of type 'F' for stream 9");
}

/* It is told before its payload comes, and stays. */
TEST (wrong_for_good)
{
  VqHelperFrame frame;

  put (VQ_HELPER_STDOUT, 1, "abc", 3);
  put_zeroes (VQ_HELPER_EXITED, 1, 5);
  feed_in_pieces (11 + 8, 1);
  ck_assert_str_eq (seen->str, "o1:3=abc a frame of type 'x' with a length of 5");
  ck_assert_int_eq (vq_helper_frame_reader_next (reader, &frame, NULL), VQ_HELPER_FRAME_WRONG);
}

TEST (hunt_from_a_wrong_one)
{
  put_zeroes ('?', 1, 5);
  put_reply ('A');
  feed_in_pieces (bytes->len, bytes->len);
  hunt ('A');
  g_byte_array_set_size (bytes, 0);
  put_reply ('A');
  put_zeroes (VQ_HELPER_EXITED, 1, 4);
  assert_all ("h0:32 x1:4 ");
}

/* The frames after HELLO_REPLY, without the bytes from FIRST up to LAST, give some of the frames at
 * the beginning. */
static void
try_loss (const GByteArray *all, guint first, guint last)
{
  hunt ('A');
  g_byte_array_set_size (bytes, 0);
  put_reply ('A');
  g_byte_array_append (bytes, all->data, first);
  g_byte_array_append (bytes, all->data + last, all->len - last);
  feed_in_pieces (bytes->len, bytes->len);
  if (g_str_has_suffix (seen->str, " a wrong position"))
    g_string_truncate (seen, g_strrstr (seen->str, "a frame") - seen->str);
  else if (strstr (seen->str, "a frame of") != NULL)
    g_string_truncate (seen, strstr (seen->str, "a frame of") - seen->str);
  ck_assert_msg (g_str_has_prefix (seen->str, "h0:32 ")
                     && g_str_has_prefix (one_of_each, seen->str + strlen ("h0:32 ")),
                 "without %u to %u: %s", first, last, seen->str);
}

/* A guest that fell asleep: whatever was lost, nothing else is taken for what was sent. */
TEST (loss_of_any_bytes)
{
  g_autoptr (GByteArray) all = g_byte_array_new ();

  put_reply ('A');
  g_byte_array_set_size (bytes, 0);
  put_one_of_each ();
  g_byte_array_append (all, bytes->data, bytes->len);
  for (guint first = 0; first < all->len; first++)
    for (guint last = first + 1; last <= all->len; last++)
      try_loss (all, first, last);
}

TEST (every_byte_of_the_trailer)
{
  for (guint i = 0; i < VQ_HELPER_TRAILER_SIZE; i++)
    {
      teardown ();
      setup ();
      put (VQ_HELPER_STDOUT, 1, "abc", 3);
      put (VQ_HELPER_STDERR, 1, "abc", 3);
      bytes->data[bytes->len - 1 - i] ^= 0x10;
      assert_all ("o1:3=abc a frame of type 'r' at a wrong position");
    }
}

/* Its position goes on where it was, and only the right one is taken. */
TEST (hunt_resumed)
{
  guint8 payload[VQ_HELPER_RESUME_SIZE] = { 0 };

  hunt ('A');
  put_reply ('A');
  put (VQ_HELPER_STDOUT, 1, "abc", 3);
  assert_all ("h0:32 o1:3=abc ");
  ck_assert_uint_eq (vq_helper_frame_reader_get_position (reader), 19);
  fill_hello (payload, 'A');
  vq_helper_frame_reader_hunt_resumed (reader, payload, 7);
  g_byte_array_set_size (bytes, 0);
  put (VQ_HELPER_STDOUT, 1, "lost", 4);
  put (VQ_HELPER_RESUMED, 0, payload, sizeof payload);
  payload[HELLO_SIZE] = 7;
  put (VQ_HELPER_RESUMED, 0, payload, sizeof payload);
  g_byte_array_set_size (maker.made, 19);
  put (VQ_HELPER_STDOUT, 1, "again", 5);
  assert_all ("u0:32 o1:5=again ");
}

/* All kinds of rubbish before it: the rest of a frame, replies to others, half a reply. */
TEST (hunt_anywhere)
{
  static const char rubbish[] = "\xFF\0h\0\x20\0\0\0\0\0VQhelperAAAAAAA VQhelper hhh\0h";

  g_byte_array_append (bytes, (const guint8 *)rubbish, sizeof rubbish - 1);
  put_reply ('B');
  put_reply ('A');
  g_byte_array_set_size (bytes, bytes->len - 17);
  put_padding (100);
  put_reply ('A');
  put (VQ_HELPER_STDOUT, 1, "abc", 3);
  put_reply ('A');
  put (VQ_HELPER_STDOUT, 2, "d", 1);
  for (gsize first = 1; first < bytes->len; first++)
    {
      hunt ('A');
      feed_in_pieces (first, bytes->len);
      ck_assert_msg (g_str_has_suffix (seen->str, "h0:32 o1:3=abc h0:32 o2:1=d "), "%s", seen->str);
    }
  hunt ('A');
  feed_in_pieces (1, 1);
  ck_assert_msg (g_str_has_suffix (seen->str, "h0:32 o1:3=abc h0:32 o2:1=d "), "%s", seen->str);
}

TEST (hunt_through_much)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (42);

  for (int i = 0; i < 300000; i++)
    {
      guint8 byte = g_rand_int_range (random, 0, 256);

      g_byte_array_append (bytes, &byte, 1);
    }
  put_reply ('A');
  hunt ('A');
  assert_all ("h0:32 ");
  hunt ('B');
  assert_all ("");
}

/* What has come before does not count. */
TEST (hunt_forgets)
{
  gsize half;

  put_reply ('A');
  half = bytes->len / 2;
  hunt ('A');
  ck_assert (feed (bytes->data, half));
  hunt ('A');
  ck_assert (feed (bytes->data + half, bytes->len - half));
  ck_assert_str_eq (seen->str, "");
}

TEST (numbers)
{
  guint8 four[4];

  vq_helper_frame_put_u32 (four, 0xFE03F201);
  ck_assert_mem_eq (four, "\x01\xF2\x03\xFE", 4);
  ck_assert_uint_eq (vq_helper_frame_get_u32 (four), 0xFE03F201);
}

TEST (header)
{
  guint8 eight[VQ_HELPER_HEADER_SIZE];

  vq_helper_frame_put_header (eight, 'R', 0x01020304, 0x7FF8);
  ck_assert_mem_eq (eight, "R\0\xF8\x7F\x04\x03\x02\x01", 8);
}
