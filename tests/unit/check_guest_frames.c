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

START_TEST (takes_frames_byte_by_byte)
{
  static const char frames[] = "R\0\x0b\0\1\0\0\0acat\0d/tmp" /* the NUL of the literal follows */
                               "\0i\0\5\0\1\0\0\0hello"
                               "\0\0\0e\0\0\0\1\0\0\0";

  fake_host_stream (guest, 1);
  for (gsize i = 0; i < sizeof frames - 1; i++)
    {
      fake_host_send_raw (guest, frames + i, 1);
      fake_host_settle (guest);
    }
  fake_host_assert_end (guest, 1, VQ_HELPER_EXITED, 0);
  ck_assert_str_eq (fake_host_stream (guest, 1)->out->str, "hello");
}
END_TEST

START_TEST (takes_many_frames_at_once)
{
  GByteArray *frames = g_byte_array_new ();

  for (guint8 i = 1; i <= 100; i++)
    {
      const guint8 run[] = { 'R', 0, 6, 0, i, 0, 0, 0, 'a', 't', 'r', 'u', 'e', 0 };

      g_byte_array_append (frames, run, sizeof run);
      fake_host_stream (guest, i);
    }
  fake_host_send_raw (guest, frames->data, frames->len);
  for (guint i = 1; i <= 100; i++)
    fake_host_assert_end (guest, i, VQ_HELPER_EXITED, 0);
  g_byte_array_unref (frames);
}
END_TEST

/* A connection that broke in a frame: padding ends it, wherever that was. */
START_TEST (survives_frames_that_lost_their_end)
{
  static const Frame frames[] = {
    FRAME ("R\0\x0f\0\1\2\0\0atouch\0a/x/y/z"),
    FRAME ("p\0\x05\0\2\0\0\0atou"),
    FRAME ("i\0\5\0\7\0\0\0hello"),
    FRAME ("e\0\0\0\7\0\0\0"),
    FRAME ("K\0\4\0\7\1\0\0\x0f\0\0\0"),
    FRAME ("W\0\x08\0\7\0\0\0\2\0\0\0\3\0\0\0"),
    FRAME ("C\0\4\0\7\0\0\0\1\0\0\0"),
    FRAME ("H\0\x18\0\0\0\0\0VQhelperaaaaaaaaaaaaaaaa"),
  };
  char nonce = 'b';

  for (gsize i = 0; i < G_N_ELEMENTS (frames); i++)
    for (gsize cut = 1; cut < frames[i].n; cut++, nonce = nonce == 'z' ? 'b' : nonce + 1)
      {
        fake_host_shell (guest, 7, "sleep 1000");
        fake_host_send_raw (guest, frames[i].bytes, cut);
        fake_host_hello (guest, nonce);
      }
  guest_assert_works (1);
}
END_TEST

/* Frames that make no sense */

static const Frame bad_frames[] = {
  FRAME ("\1\0\0\0\1\0\0\0"), /* no such type */
  FRAME ("Z\0\0\0\1\0\0\0"),  /* the same */
  FRAME ("\377\377\377\377\377\377\377\377"),
  FRAME ("h\0\0\0\0\0\0\0"),     /* one of the helper's */
  FRAME ("e\1\0\0\7\0\0\0"),     /* no header */
  FRAME ("i\0\xf9\x7f\7\0\0\0"), /* longer than any frame */
  FRAME ("i\0\xff\xff\7\0\0\0"), /* the same */
  FRAME ("H\0\x18\0\0\0\0\0VQhelpeR0123456789abcdef"),
  FRAME ("H\0\x18\0\1\0\0\0VQhelper0123456789abcdef"),
  FRAME ("H\0\x17\0\0\0\0\0VQhelper0123456789abcde"),
  FRAME ("H\0\x19\0\0\0\0\0VQhelper0123456789abcdefg"),
  FRAME ("R\0\6\0\0\0\0\0atrue\0"),   /* stream 0 */
  FRAME ("R\0\0\0\1\0\0\0"),          /* no words */
  FRAME ("R\0\1\0\1\0\0\0\0"),        /* an empty word */
  FRAME ("R\0\5\0\1\0\0\0atrue"),     /* a word without its end */
  FRAME ("R\0\2\0\1\0\0\0d/"),        /* no argv */
  FRAME ("R\0\3\0\1\0\0\0d/\0"),      /* the same */
  FRAME ("R\0\7\0\1\0\0\0atrue\0\0"), /* an empty word behind */
  FRAME ("R\0\x08\0\1\0\0\0atrue\0x\0"),
  FRAME ("R\0\x08\0\1\0\0\0atrue\0d\0"),
  FRAME ("R\0\x0c\0\1\0\0\0atrue\0d/\0d/\0"),
  FRAME ("R\0\x08\0\1\0\0\0atrue\0u\0"),
  FRAME ("R\0\x0c\0\1\0\0\0atrue\0ua\0ub\0"),
  FRAME ("R\0\x08\0\1\0\0\0atrue\0e\0"),
  FRAME ("R\0\x0b\0\1\0\0\0atrue\0eABC\0"),
  FRAME ("R\0\x0a\0\1\0\0\0atrue\0e=A\0"),
  FRAME ("R\0\x08\0\1\0\0\0atrue\0t\0"),
  FRAME ("R\0\x0a\0\1\0\0\0atrue\0t24\0"),
  FRAME ("R\0\x0b\0\1\0\0\0atrue\0t24 \0"),
  FRAME ("R\0\x0b\0\1\0\0\0atrue\0t 80\0"),
  FRAME ("R\0\x0f\0\1\0\0\0atrue\0t24 80 1\0"),
  FRAME ("R\0\x0e\0\1\0\0\0atrue\0t-1 80\0"),
  FRAME ("R\0\x10\0\1\0\0\0atrue\0t65536 1\0"),
  FRAME ("R\0\x10\0\1\0\0\0atrue\0t1 65536\0"),
  FRAME ("R\0\x15\0\1\0\0\0atrue\0t4294967297 1\0\0"),
  FRAME ("R\0\x10\0\1\0\0\0atrue\0t1 1\0t1 1\0"),
  FRAME ("R\0\6\0\7\0\0\0atrue\0"),                 /* a stream that runs */
  FRAME ("p\0\6\0\7\0\0\0atrue\0"),                 /* the same */
  FRAME ("p\0\6\0\0\0\0\0atrue\0"),                 /* stream 0 */
  FRAME ("p\0\6\0\1\0\0\0atrue\0i\0\1\0\1\0\0\0x"), /* stdin before RUN */
  FRAME ("p\0\6\0\1\0\0\0atrue\0K\0\4\0\1\0\0\0\1\0\0\0"),
  FRAME ("p\0\6\0\1\0\0\0atrue\0T\0\x0c\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
  FRAME ("i\0\0\0\7\0\0\0"),  /* no bytes */
  FRAME ("i\0\1\0\0\0\0\0x"), /* stream 0 */
  FRAME ("e\0\1\0\7\0\0\0x"),
  FRAME ("e\0\0\0\0\0\0\0"),
  FRAME ("e\0\0\0\7\0\0\0e\0\0\0\7\0\0\0"),
  FRAME ("e\0\0\0\7\0\0\0i\0\1\0\7\0\0\0x"),
  FRAME ("C\0\3\0\7\0\0\0\0\0\0"),
  FRAME ("C\0\5\0\7\0\0\0\0\0\0\0\0"),
  FRAME ("C\0\4\0\7\0\0\0\1\0\0\0"), /* more than was taken */
  FRAME ("D\0\4\0\7\0\0\0\1\0\0\0"),
  FRAME ("C\0\4\0\7\0\0\0\xff\xff\xff\xff"),
  FRAME ("C\0\4\0\0\0\0\0\0\0\0\0"),
  FRAME ("D\0\3\0\7\0\0\0\0\0\0"),
  FRAME ("y\0\1\0\7\0\0\0x"),
  FRAME ("z\0\1\0\7\0\0\0x"),
  FRAME ("y\0\0\0\0\0\0\0"),
  FRAME ("K\0\3\0\7\0\0\0\x0f\0\0"),
  FRAME ("K\0\5\0\7\0\0\0\x0f\0\0\0\0"),
  FRAME ("K\0\4\0\7\0\0\0\0\0\0\0"),   /* signal 0 */
  FRAME ("K\0\4\0\7\0\0\0\x41\0\0\0"), /* 65 */
  FRAME ("K\0\4\0\7\0\0\0\xff\xff\xff\xff"),
  FRAME ("W\0\x08\0\7\0\0\0\1\0\0\0\1\0\0\0"), /* no terminal */
  FRAME ("W\0\7\0\x08\0\0\0\1\0\0\0\1\0\0"),
  FRAME ("W\0\x09\0\x08\0\0\0\1\0\0\0\1\0\0\0\0"),
  FRAME ("W\0\x08\0\x08\0\0\0\0\0\1\0\1\0\0\0"), /* 65536 */
  FRAME ("W\0\x08\0\x08\0\0\0\1\0\0\0\0\0\1\0"),
  FRAME ("D\0\4\0\x08\0\0\0\1\0\0\0"), /* a terminal has no stderr */
  FRAME ("T\0\x0b\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
  FRAME ("T\0\x0d\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
  FRAME ("T\0\x0c\0\7\0\0\0\0\0\0\0\0\0\0\0\377\377\377\377"), /* a command's number */
  FRAME ("T\0\x0c\0\0\0\0\0\0\0\0\0\0\0\0\0\377\377\377\377"),
  FRAME ("E\0\0\0\1\0\0\0"),
  FRAME ("E\0\1\0\7\0\0\0x"),
  FRAME ("E\0\1\0\0\0\0\0x"),
};

/* Stream 7 is a command, 8 one with a terminal. What follows the frame is no padding. */
START_TEST (ends_for_every_bad_frame)
{
  const Frame *frame = &bad_frames[_i];
  int fd;

  fake_host_run (guest, 7, "asleep", "a1000", NULL);
  fake_host_run (guest, 8, "asleep", "a1000", "t24 80", NULL);
  fd = guest_start_lasting ();
  fake_host_send_raw (guest, frame->bytes, frame->n);
  fake_host_send_raw (guest, "x", 1);
  {
    g_autofree char *why = fake_host_wait_for_fatal (guest);

    ck_assert_uint_ge (strlen (why), 5);
    ck_assert_ptr_null (strchr (why, '\n'));
  }
  guest_assert_killed (fd);
  guest_status = 1;
}
END_TEST

/* It cannot know that at once, as padding could follow. */
START_TEST (ends_for_a_bad_frame_that_ends_in_zero)
{
  g_autofree char *why = NULL;

  fake_host_send_raw (guest, "R\0\3\0\1\0\0\0d/", 11);
  why = fake_host_wait_for_fatal (guest);
  ck_assert_str_eq (why, "RUN has no command");
  guest_status = 1;
}
END_TEST

START_TEST (ignores_frames_for_unknown_streams)
{
  static const char frames[] = "i\0\1\0\x09\0\0\0x"
                               "e\0\0\0\x09\0\0\0"
                               "C\0\4\0\x09\0\0\0\xff\xff\xff\xff"
                               "D\0\4\0\x09\0\0\0\1\0\0\0"
                               "y\0\0\0\x09\0\0\0"
                               "z\0\0\0\x09\0\0\0"
                               "K\0\4\0\x09\0\0\0\x09\0\0\0"
                               "W\0\x08\0\x09\0\0\0\1\0\0\0\1\0\0\0";

  fake_host_send_raw (guest, frames, sizeof frames - 1);
  guest_assert_works (1);
  /* The same for one that was known. */
  fake_host_run (guest, 9, "atrue", NULL);
  fake_host_assert_end (guest, 9, VQ_HELPER_EXITED, 0);
  fake_host_send_raw (guest, frames, sizeof frames - 1);
  guest_assert_works (2);
}
END_TEST

/* Limits */

START_TEST (takes_the_longest_frame)
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
END_TEST

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

START_TEST (takes_the_longest_run)
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
END_TEST

START_TEST (takes_no_longer_run)
{
  GString *words = long_words (VQ_HELPER_RUN_MAX + 1);
  g_autofree char *why = NULL;

  words->str[words->len - 1] = 'x'; /* no padding could excuse it */
  fake_host_run_words (guest, 1, words, 0);
  why = fake_host_wait_for_fatal (guest);
  ck_assert_str_eq (why, "RUN is longer than 9437184 bytes");
  g_string_free (words, TRUE);
  guest_status = 1;
}
END_TEST

START_TEST (takes_a_window_of_stdin_and_no_more)
{
  g_autofree char *bytes = g_strnfill (2 * 1024 * 1024, 'x');
  g_autofree char *why = NULL;

  fake_host_run (guest, 1, "asleep", "a1000", NULL);
  guest_fill_stdin (1, bytes);
  fake_host_send (guest, VQ_HELPER_STDIN, 1, bytes, 1);
  why = fake_host_wait_for_fatal (guest);
  ck_assert_str_eq (why, "more of STDIN than its window");
  guest_status = 1;
}
END_TEST

START_TEST (takes_entropy_up_to_its_limit)
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
END_TEST

/* The clock of this machine is not to be touched: only what no kernel takes. */
START_TEST (refuses_a_clock_that_makes_no_sense)
{
  fake_host_stream (guest, 1);
  fake_host_send (guest, VQ_HELPER_SET_CLOCK, 1, "\0\0\0\0\1\0\0\0\x00\xca\x9a\x3b", 12);
  fake_host_assert_end (guest, 1, VQ_HELPER_DONE, EINVAL);
  fake_host_stream (guest, 2);
  fake_host_send (guest, VQ_HELPER_SET_CLOCK, 2, "\0\0\0\0\0\0\0\x80\0\0\0\0", 12);
  fake_host_assert_end (guest, 2, VQ_HELPER_DONE, EINVAL);
}
END_TEST

int
main (void)
{
  const TTest *const frame_tests[] = {
    takes_frames_byte_by_byte,           takes_many_frames_at_once,
    survives_frames_that_lost_their_end, ends_for_a_bad_frame_that_ends_in_zero,
    ignores_frames_for_unknown_streams,  NULL,
  };
  const TTest *const limit_tests[] = {
    takes_the_longest_frame,
    takes_the_longest_run,
    takes_no_longer_run,
    takes_a_window_of_stdin_and_no_more,
    takes_entropy_up_to_its_limit,
    refuses_a_clock_that_makes_no_sense,
    NULL,
  };
  Suite *suite = suite_create ("guest-frames");
  TCase *bad = tcase_create ("bad frames");

  suite_add_case (suite, "frames", guest_setup, guest_teardown, 60, frame_tests);
  suite_add_case (suite, "limits", guest_setup, guest_teardown, 60, limit_tests);
  tcase_add_checked_fixture (bad, guest_setup, guest_teardown);
  tcase_set_timeout (bad, 60);
  tcase_add_loop_test (bad, ends_for_every_bad_frame, 0, G_N_ELEMENTS (bad_frames));
  suite_add_tcase (suite, bad);
  return suite_run (suite);
}
