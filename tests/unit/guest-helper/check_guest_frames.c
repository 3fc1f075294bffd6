// SPDX-License-Identifier: GPL-2.0-or-later
/* The guest helper as a process of this machine: frames in pieces, wrong frames, limits. */
#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guest-fixture.h"
#include "suite.h"

#define PAYLOAD_MAX VQ_HELPER_PAYLOAD_MAX

/* Frames in pieces */

typedef struct
{
  const char *bytes;
  gsize n;
} Frame;

#define FRAME(bytes)                                                                               \
  {                                                                                                \
    bytes, sizeof bytes - 1                                                                        \
  }

CASE ("frames", guest_setup, guest_teardown, 60)

static GByteArray *
join (GByteArray *bytes, GByteArray *more)
{
  g_byte_array_append (bytes, more->data, more->len);
  g_byte_array_unref (more);
  return bytes;
}

static GByteArray *
make (guint8 type, guint32 stream, const char *payload, gsize n)
{
  return fake_host_make (guest, type, stream, payload, n);
}

/* cat in /tmp, and its stdin. */
static GByteArray *
make_cat (guint32 stream)
{
  GByteArray *bytes = make (VQ_HELPER_RUN, stream, "acat\0d/tmp", 11);

  fake_host_stream (guest, stream);
  g_byte_array_append (bytes, (const guint8 *)"\0\0", 2);
  join (bytes, make (VQ_HELPER_STDIN, stream, "hello", 5));
  return join (bytes, make (VQ_HELPER_STDIN_END, stream, NULL, 0));
}

TEST (takes_frames_byte_by_byte)
{
  g_autoptr (GByteArray) frames = make_cat (1);

  for (gsize i = 0; i < frames->len; i++)
    {
      fake_host_send_raw (guest, frames->data + i, 1);
      fake_host_settle (guest);
    }
  fake_host_assert_end (guest, 1, VQ_HELPER_EXITED, 0);
  ck_assert_str_eq (fake_host_stream (guest, 1)->out->str, "hello");
}

TEST (takes_many_frames_at_once)
{
  g_autoptr (GByteArray) frames = g_byte_array_new ();

  for (guint8 i = 1; i <= 100; i++)
    {
      join (frames, make (VQ_HELPER_RUN, i, "atrue", 6));
      fake_host_stream (guest, i);
    }
  fake_host_send_raw (guest, frames->data, frames->len);
  for (guint i = 1; i <= 100; i++)
    fake_host_assert_end (guest, i, VQ_HELPER_EXITED, 0);
}

/* A connection that broke in a frame, wherever that was: the next one begins with padding. */
TEST (survives_frames_that_lost_their_end)
{
  char nonce = 'b';
  gsize n;

  for (gsize cut = 1;; cut++, nonce = nonce == 'z' ? 'b' : nonce + 1)
    {
      g_autoptr (GByteArray) frames = make_cat (8);

      n = frames->len;
      if (cut >= n)
        break;
      fake_host_shell (guest, 7, "sleep 1000");
      fake_host_send_raw (guest, frames->data, cut);
      fake_host_hello (guest, nonce);
    }
  fake_host_hello (guest, 'A');
  guest_assert_works (1);
}

/* The guest has slept, and everything from one byte on is lost on the way to the helper. */
TEST (resumes_after_any_byte)
{
  const gsize n = 11 + 2 + 5 + 3 * 16;

  for (gsize cut = 0; cut <= n; cut++)
    {
      g_autoptr (GByteArray) frames = make_cat (1 + cut);

      ck_assert_uint_eq (frames->len, n);
      fake_host_send_raw (guest, frames->data, cut);
      fake_host_settle (guest);
      fake_host_resume (guest);
      fake_host_assert_end (guest, 1 + cut, VQ_HELPER_EXITED, 0);
      ck_assert_str_eq (fake_host_stream (guest, 1 + cut)->out->str, "hello");
    }
}

/* In the middle of a frame, later frames come that were sent before the guest slept. */
TEST (resumes_after_a_gap)
{
  g_autofree char *bytes = g_strnfill (PAYLOAD_MAX, 'x');

  for (gsize cut = 1; cut < PAYLOAD_MAX; cut += 1000)
    {
      fake_host_shell (guest, cut, "wc -c");
      fake_host_send_cut (guest, VQ_HELPER_STDIN, cut, bytes, PAYLOAD_MAX, cut);
      fake_host_send (guest, VQ_HELPER_STDIN, cut, bytes, PAYLOAD_MAX);
      fake_host_end_stdin (guest, cut);
      fake_host_settle (guest);
      fake_host_resume (guest);
      fake_host_resume (guest);
      fake_host_assert_end (guest, cut, VQ_HELPER_EXITED, 0);
      ck_assert_int_eq (atoi (fake_host_stream (guest, cut)->out->str), 2 * PAYLOAD_MAX);
    }
}

/* The other direction: what has come is thrown away from time to time. */
TEST (sends_again_what_was_lost)
{
  HostStream *stream = fake_host_stream (guest, 1);
  gsize next = 1;
  GString *expected = g_string_new (NULL);

  fake_host_shell (guest, 1, "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); echo $i; done");
  for (int i = 1; i <= 20000; i++)
    g_string_append_printf (expected, "%d\n", i);
  while (stream->end == 0)
    {
      ck_assert (fake_host_step (guest));
      if (stream->out->len < next)
        continue;
      next = stream->out->len + 5000;
      fake_host_resume (guest);
    }
  ck_assert_str_eq (stream->out->str, expected->str);
  g_string_free (expected, TRUE);
}

/* Of another connection, or cut off: it means nothing. */
TEST (ignores_a_resume_that_is_not_for_it)
{
  char payload[] = VQ_HELPER_MAGIC "bbbbbbbbbbbbbbbb\1\0\0\0\0\0\0";
  g_autoptr (GByteArray) resume = make (VQ_HELPER_RESUME, 0, payload, VQ_HELPER_RESUME_SIZE);

  fake_host_send_raw (guest, resume->data, resume->len);
  memset (payload + VQ_HELPER_MAGIC_SIZE, 'a', VQ_HELPER_NONCE_SIZE);
  fake_host_send_cut (guest, VQ_HELPER_RESUME, 0, payload, VQ_HELPER_RESUME_SIZE, 35);
  fake_host_resume (guest);
  guest_assert_works (1);
}

/* Frames that make no sense */

typedef struct
{
  char type;
  guint8 stream; /* 7 is a command, 8 one with a terminal, 9 none */
  Frame payload;
  const char *why;
  char before; /* type of a frame that is right, and comes before */
} BadFrame;

#define NO_PAYLOAD                                                                                 \
  {                                                                                                \
    "", 0                                                                                          \
  }
#define BAD_WORD "a word of RUN makes no sense: "
#define NO_FRAME(type, stream, n) "no such frame: type " type ", stream " stream ", " n " bytes"

static const BadFrame bad_frames[] = {
  { '\1', 9, NO_PAYLOAD, NO_FRAME ("01", "9", "0") },
  { 'Z', 7, NO_PAYLOAD, NO_FRAME ("5a", "7", "0") },
  { 'h', 0, NO_PAYLOAD, NO_FRAME ("68", "0", "0") },
  { 'H', 0, FRAME ("VQhelpeR0123456789abcdef"), "HELLO is not that of a server" },
  { 'H', 9, FRAME ("VQhelper0123456789abcdef"), NO_FRAME ("48", "9", "24") },
  { 'A', 0, FRAME ("\0\0\0\1"), "ACK of a position that never was" },
  { 'A', 0, FRAME ("\0\0\0"), NO_FRAME ("41", "0", "3") },
  { 'A', 9, FRAME ("\0\0\0\0"), NO_FRAME ("41", "9", "4") },
  { 'U', 0, FRAME ("VQhelperaaaaaaaaaaaaaaaa\1\0\0\0\0\0\0\1"),
    "RESUME at a position that never was" },
  { 'H', 0, FRAME ("VQhelper0123456789abcde"), NO_FRAME ("48", "0", "23") },
  { 'H', 0, FRAME ("VQhelper0123456789abcdefg"), NO_FRAME ("48", "0", "25") },
  { 'R', 0, FRAME ("atrue\0"), NO_FRAME ("52", "0", "6") },
  { 'R', 9, NO_PAYLOAD, "the last word of RUN has no end" },
  { 'R', 9, FRAME ("atrue"), "the last word of RUN has no end" },
  { 'R', 9, FRAME ("\0"), "RUN has no command" },
  { 'R', 9, FRAME ("d/\0"), "RUN has no command" },
  { 'R', 9, FRAME ("atrue\0\0"), BAD_WORD },
  { 'R', 9, FRAME ("atrue\0x\0"), BAD_WORD "x" },
  { 'R', 9, FRAME ("atrue\0d\0"), BAD_WORD "d" },
  { 'R', 9, FRAME ("atrue\0d/\0d/tmp\0"), BAD_WORD "d/tmp" },
  { 'R', 9, FRAME ("atrue\0e\0"), BAD_WORD "e" },
  { 'R', 9, FRAME ("atrue\0eABC\0"), BAD_WORD "eABC" },
  { 'R', 9, FRAME ("atrue\0e=A\0"), BAD_WORD "e=A" },
  { 'R', 9, FRAME ("atrue\0t\0"), BAD_WORD "t" },
  { 'R', 9, FRAME ("atrue\0t24\0"), BAD_WORD "t24" },
  { 'R', 9, FRAME ("atrue\0t24 \0"), BAD_WORD "t24 " },
  { 'R', 9, FRAME ("atrue\0t 80\0"), BAD_WORD "t 80" },
  { 'R', 9, FRAME ("atrue\0t24 80 1\0"), BAD_WORD "t24 80 1" },
  { 'R', 9, FRAME ("atrue\0t-1 80\0"), BAD_WORD "t-1 80" },
  { 'R', 9, FRAME ("atrue\0t65536 1\0"), BAD_WORD "t65536 1" },
  { 'R', 9, FRAME ("atrue\0t1 65536\0"), BAD_WORD "t1 65536" },
  { 'R', 9, FRAME ("atrue\0t4294967297 1\0"), BAD_WORD "t4294967297 1" },
  { 'R', 9, FRAME ("atrue\0t1 1\0t2 2\0"), BAD_WORD "t2 2" },
  { 'R', 7, FRAME ("atrue\0"), "a stream is run twice" },
  { 'p', 7, FRAME ("atrue\0"), "a stream is run twice" },
  { 'p', 0, FRAME ("atrue\0"), NO_FRAME ("70", "0", "6") },
  { 'i', 9, FRAME ("x"), "a frame before RUN: type 69", 'p' },
  { 'K', 9, FRAME ("\1\0\0\0"), "a frame before RUN: type 4b", 'p' },
  { 'T', 9, FRAME ("\0\0\0\0\0\0\0\0\377\377\377\377"), "a request has the number of a command",
    'p' },
  { 'i', 7, NO_PAYLOAD, NO_FRAME ("69", "7", "0") },
  { 'i', 0, FRAME ("x"), NO_FRAME ("69", "0", "1") },
  { 'i', 7, FRAME ("x"), "STDIN after STDIN_END", 'e' },
  { 'e', 7, NO_PAYLOAD, "STDIN_END twice", 'e' },
  { 'e', 7, FRAME ("x"), NO_FRAME ("65", "7", "1") },
  { 'e', 0, NO_PAYLOAD, NO_FRAME ("65", "0", "0") },
  { 'C', 7, FRAME ("\0\0\0"), NO_FRAME ("43", "7", "3") },
  { 'C', 7, FRAME ("\0\0\0\0\0"), NO_FRAME ("43", "7", "5") },
  { 'C', 7, FRAME ("\1\0\0\0"), "more credit than a window" },
  { 'C', 7, FRAME ("\377\377\377\377"), "more credit than a window" },
  { 'C', 0, FRAME ("\0\0\0\0"), NO_FRAME ("43", "0", "4") },
  { 'D', 7, FRAME ("\0\0\0"), NO_FRAME ("44", "7", "3") },
  { 'D', 7, FRAME ("\1\0\0\0"), "more credit than a window" },
  { 'D', 8, FRAME ("\1\0\0\0"), "more credit than a window" }, /* that has no stderr */
  { 'y', 7, FRAME ("x"), NO_FRAME ("79", "7", "1") },
  { 'z', 7, FRAME ("x"), NO_FRAME ("7a", "7", "1") },
  { 'y', 0, NO_PAYLOAD, NO_FRAME ("79", "0", "0") },
  { 'K', 7, FRAME ("\17\0\0"), NO_FRAME ("4b", "7", "3") },
  { 'K', 7, FRAME ("\17\0\0\0\0"), NO_FRAME ("4b", "7", "5") },
  { 'K', 7, FRAME ("\0\0\0\0"), "there is no signal 0" },
  { 'K', 7, FRAME ("\101\0\0\0"), "there is no signal 65" },
  { 'K', 7, FRAME ("\377\377\377\377"), "there is no signal 4294967295" },
  { 'W', 7, FRAME ("\1\0\0\0\1\0\0\0"), "a window of 1 rows and 1 columns" },
  { 'W', 8, FRAME ("\1\0\0\0\1\0\0"), NO_FRAME ("57", "8", "7") },
  { 'W', 8, FRAME ("\1\0\0\0\1\0\0\0\0"), NO_FRAME ("57", "8", "9") },
  { 'W', 8, FRAME ("\0\0\1\0\1\0\0\0"), "a window of 65536 rows and 1 columns" },
  { 'W', 8, FRAME ("\1\0\0\0\0\0\1\0"), "a window of 1 rows and 65536 columns" },
  { 'T', 9, FRAME ("\0\0\0\0\0\0\0\0\0\0\0"), NO_FRAME ("54", "9", "11") },
  { 'T', 9, FRAME ("\0\0\0\0\0\0\0\0\0\0\0\0\0"), NO_FRAME ("54", "9", "13") },
  { 'T', 7, FRAME ("\0\0\0\0\0\0\0\0\377\377\377\377"), "a request has the number of a command" },
  { 'T', 0, FRAME ("\0\0\0\0\0\0\0\0\377\377\377\377"), NO_FRAME ("54", "0", "12") },
  { 'E', 9, NO_PAYLOAD, NO_FRAME ("45", "9", "0") },
  { 'E', 7, FRAME ("x"), "a request has the number of a command" },
  { 'E', 0, FRAME ("x"), NO_FRAME ("45", "0", "1") },
};

static void
assert_ends (const char *why)
{
  g_autofree char *said = fake_host_wait_for_fatal (guest);

  ck_assert_str_eq (said, why);
  guest_status = 1;
}

TEST_LOOP (ends_for_every_bad_frame, 0, G_N_ELEMENTS (bad_frames))
{
  const BadFrame *bad = &bad_frames[_i];
  int fd;

  fake_host_run (guest, 7, "asleep", "a1000", NULL);
  fake_host_run (guest, 8, "asleep", "a1000", "t24 80", NULL);
  fd = guest_start_lasting ();
  if (bad->before != 0)
    fake_host_send (guest, bad->before, bad->stream, NULL, 0);
  fake_host_send (guest, bad->type, bad->stream, bad->payload.bytes, bad->payload.n);
  assert_ends (bad->why);
  guest_assert_killed (fd);
}

/* It waits for the host to notice first. */
TEST (ends_for_what_is_no_frame)
{
  fake_host_send_raw (guest, "i\0\xf1\x7f\7\0\0\0", 8); /* one byte longer than any frame */
  assert_ends ("this is not a frame: 69 00 f1 7f");
}

TEST (ignores_frames_for_unknown_streams)
{
  static const BadFrame late[] = {
    { 'i', 9, FRAME ("x") },
    { 'e', 9, NO_PAYLOAD },
    { 'C', 9, FRAME ("\xff\xff\xff\xff") },
    { 'D', 9, FRAME ("\1\0\0\0") },
    { 'y', 9, NO_PAYLOAD },
    { 'z', 9, NO_PAYLOAD },
    { 'K', 9, FRAME ("\x09\0\0\0") },
    { 'W', 9, FRAME ("\1\0\0\0\1\0\0\0") },
  };

  for (guint round = 0; round < 2; round++)
    {
      for (gsize i = 0; i < G_N_ELEMENTS (late); i++)
        fake_host_send (guest, late[i].type, 9, late[i].payload.bytes, late[i].payload.n);
      guest_assert_works (1 + round);
      if (round > 0)
        return;
      /* The same for one that was known. */
      fake_host_run (guest, 9, "atrue", NULL);
      fake_host_assert_end (guest, 9, VQ_HELPER_EXITED, 0);
    }
}

/* Limits */

TEST (takes_the_longest_frame)
{
  for (guint32 i = 1; i <= 2; i++)
    {
      g_autofree char *bytes = g_strnfill (PAYLOAD_MAX, 'x');

      fake_host_shell (guest, i, "exec wc -c");
      fake_host_send (guest, VQ_HELPER_STDIN, i, bytes, PAYLOAD_MAX + 1 - i);
      fake_host_end_stdin (guest, i);
      fake_host_assert_end (guest, i, VQ_HELPER_EXITED, 0);
      ck_assert_int_eq (atoi (fake_host_stream (guest, i)->out->str), PAYLOAD_MAX + 1 - i);
    }
}

/* A RUN of N bytes in all: a command that is there, and one long word that is too long for it. */
static GString *
long_words (gsize n)
{
  GString *words = g_string_new (NULL);

  g_string_append_len (words, "atrue\0a", 7);
  g_string_set_size (words, n);
  memset (words->str + 7, 'x', n - 8);
  words->str[n - 1] = '\0';
  return words;
}

TEST (takes_the_longest_run)
{
  for (guint32 i = 1; i <= 2; i++)
    {
      GString *words = long_words (VQ_HELPER_RUN_MAX + 1 - i);

      fake_host_run_words (guest, i, words, 0);
      fake_host_assert_end (guest, i, VQ_HELPER_EXITED, 126);
      ck_assert_str_eq (fake_host_stream (guest, i)->err->str,
                        "cannot run true: Argument list too long\n");
      g_string_free (words, TRUE);
    }
}

TEST (takes_no_longer_run)
{
  GString *words = long_words (VQ_HELPER_RUN_MAX + 1);

  words->str[words->len - 1] = 'x'; /* no padding could excuse it */
  fake_host_run_words (guest, 1, words, 0);
  assert_ends ("RUN is longer than 9437184 bytes");
  g_string_free (words, TRUE);
}

TEST (takes_a_window_of_stdin_and_no_more)
{
  g_autofree char *bytes = g_strnfill (2 * 1024 * 1024, 'x');

  fake_host_run (guest, 1, "asleep", "a1000", NULL);
  guest_fill_stdin (1, bytes);
  fake_host_send (guest, VQ_HELPER_STDIN, 1, bytes, 1);
  assert_ends ("more of STDIN than its window");
}

TEST (takes_entropy_up_to_its_limit)
{
  guint8 bytes[VQ_HELPER_ENTROPY_MAX + 1];

  memset (bytes, 0xa5, sizeof bytes);
  for (guint i = 0; i < 2; i++)
    {
      fake_host_stream (guest, 1 + i);
      fake_host_send (guest, VQ_HELPER_ADD_ENTROPY, 1 + i, bytes, VQ_HELPER_ENTROPY_MAX - i);
      fake_host_assert_end (guest, 1 + i, VQ_HELPER_DONE, geteuid () == 0 ? 0 : EPERM);
    }
  fake_host_send (guest, VQ_HELPER_ADD_ENTROPY, 3, bytes, sizeof bytes);
  g_free (fake_host_wait_for_fatal (guest));
  guest_status = 1;
}

/* The clock of this machine is not to be touched: only what no kernel takes. */
TEST (refuses_a_clock_that_makes_no_sense)
{
  fake_host_stream (guest, 1);
  fake_host_send (guest, VQ_HELPER_SET_CLOCK, 1, "\0\0\0\0\1\0\0\0\x00\xca\x9a\x3b", 12);
  fake_host_assert_end (guest, 1, VQ_HELPER_DONE, EINVAL);
  fake_host_stream (guest, 2);
  fake_host_send (guest, VQ_HELPER_SET_CLOCK, 2, "\0\0\0\0\0\0\0\x80\0\0\0\0", 12);
  fake_host_assert_end (guest, 2, VQ_HELPER_DONE, EINVAL);
}
