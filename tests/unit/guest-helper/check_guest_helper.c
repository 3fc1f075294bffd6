// SPDX-License-Identifier: GPL-2.0-or-later
/* The guest helper as a process of this machine: its connection. */
#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guest-fixture.h"
#include "suite.h"

CASE ("hello", guest_setup_raw, guest_teardown, 60)

TEST (answers_hello_split_at_every_byte)
{
  for (guint split = 0; split <= 40; split++)
    {
      char nonce = 'A' + split;
      GByteArray *bytes;

      fake_host_send_padding (guest);
      bytes = fake_host_make_hello (guest, nonce);
      fake_host_send_raw (guest, bytes->data, split);
      fake_host_settle (guest);
      fake_host_send_raw (guest, bytes->data + split, bytes->len - split);
      ck_assert_uint_eq (fake_host_wait_for_reply (guest), fake_host_pid (guest));
      g_byte_array_unref (bytes);
    }
}

TEST (skips_all_before_the_first_hello)
{
  static const char garbage[] = "\177ELF H\0\x18\0\0\0\0\0VQhelpeR RFVQhelper H\0\x18\0HHH";

  /* The last byte could be the first of HELLO; the first of what follows says that it is not. */
  for (int i = 0; i < 2; i++)
    {
      fake_host_send_raw (guest, garbage, sizeof garbage - 1);
      fake_host_settle (guest);
    }
  fake_host_hello (guest, 'a');
  guest_assert_works (1);
}

TEST (answers_hello_without_padding)
{
  fake_host_send_hello (guest, 'a');
  fake_host_wait_for_reply (guest);
  guest_assert_works (1);
}

CASE ("connection", guest_setup, guest_teardown, 60)

TEST (answers_the_same_hello_again)
{
  int fd = guest_start_lasting ();

  for (int i = 0; i < 20; i++)
    fake_host_hello (guest, 'a');
  guest_assert_works (2);
  fake_host_send_u32 (guest, VQ_HELPER_KILL, 1, SIGTERM);
  fake_host_assert_end (guest, 1, VQ_HELPER_SIGNALLED, SIGTERM);
  fake_host_hello (guest, 'b');
  close (fd);
}

/* What is under way when the same HELLO comes goes on, and nothing is lost. It is too little for an
 * ACK, whose position would be wrong after a HELLO that the helper answers before it. */
TEST (loses_nothing_for_the_same_hello)
{
  fake_host_shell (guest, 1, "exec seq 10000");
  for (int i = 0; i < 50; i++)
    {
      fake_host_send_padding (guest);
      fake_host_send_hello (guest, 'a');
    }
  fake_host_assert_end (guest, 1, VQ_HELPER_EXITED, 0);
  ck_assert_uint_eq (fake_host_stream (guest, 1)->out->len, 48894);
}

TEST (forgets_all_for_another_hello)
{
  int fd = guest_start_lasting ();

  fake_host_shell (guest, 2, "exec yes");
  fake_host_stream (guest, 2)->hold_credit = TRUE;
  fake_host_wait_for_text (guest, 2, "y\n");
  fake_host_send (guest, VQ_HELPER_RUN_PART, 3, "asleep", 7);
  fake_host_hello (guest, 'b');
  guest_assert_killed (fd);
  /* Numbers may begin again, and nothing of before comes. */
  guest_assert_works (2);
  guest_assert_works (3);
}

TEST (forgets_what_nobody_has_read)
{
  fake_host_shell (guest, 1, "exec yes");
  fake_host_stream (guest, 1)->hold_credit = TRUE;
  /* The reply to this comes after a lot that we do not read before we say the next. */
  for (char nonce = 'b'; nonce < 'z'; nonce++)
    {
      fake_host_send_padding (guest);
      fake_host_send_hello (guest, nonce);
      fake_host_shell (guest, 1, "exec yes");
      fake_host_stream (guest, 1)->hold_credit = TRUE;
    }
  fake_host_hello (guest, 'z');
  guest_assert_works (1);
}

TEST (ends_with_its_host)
{
  int fd = guest_start_lasting ();

  fake_host_free (guest, 0);
  guest_assert_killed (fd);
  guest = fake_host_new ();
}

TEST (ends_by_a_signal_outside_of_guests)
{
  int fd = guest_start_lasting ();

  kill (fake_host_pid (guest), SIGHUP);
  guest_assert_works (2);
  kill (fake_host_pid (guest), SIGTERM);
  guest_assert_killed (fd);
  while (fake_host_step (guest))
    ;
}
