// SPDX-License-Identifier: GPL-2.0-or-later
/* A guest that sleeps: the part of helper-port, and helper-link, that nothing is lost then. */
#include <check.h>
#include <string.h>

#include "frame-maker.h"
#include "port-setup.h"
#include "suite.h"

static void
setup (void)
{
  port_setup ();
  vq_helper_port_set_grace (port_tested, PATIENCE * 1000);
  vq_helper_port_set_open (port_tested, TRUE);
  port_sync ();
}

static void
serve (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

/* The port closes and opens. */
static void
sleep_and_wake (void)
{
  vq_helper_port_set_open (port_tested, FALSE);
  serve ();
  vq_helper_port_set_open (port_tested, TRUE);
}

static gboolean
has_resumed (gpointer n)
{
  return fake_guest_count_resumes (port_guest) == GPOINTER_TO_UINT (n);
}

static void
wait_for_resume (guint n)
{
  ck_assert (
      vq_wait_until (has_resumed, GUINT_TO_POINTER (n), vq_deadline_in (PATIENCE), NULL, "", NULL));
}

CASE ("sleep", setup, port_teardown, 60)

/* Of two frames to the guest, everything from one byte on is lost. */
TEST (loses_what_was_sent)
{
  const gsize n = 5 + FRAME_OVERHEAD + FRAME_OVERHEAD;

  for (gsize cut = 0; cut <= n; cut++)
    {
      fake_guest_fall_asleep (port_guest, cut);
      vq_helper_port_send (port_tested, VQ_HELPER_STDIN, 1, "hello", 5);
      vq_helper_port_send (port_tested, VQ_HELPER_STDIN_END, 1, NULL, 0);
      serve ();
      sleep_and_wake ();
      fake_guest_expect (port_guest, VQ_HELPER_STDIN, "hello", 5);
      fake_guest_expect (port_guest, VQ_HELPER_STDIN_END, NULL, 0);
      wait_for_resume (cut + 1);
      serve ();
      fake_guest_assert_quiet (port_guest);
    }
  port_assert_seen ("");
}

/* The same from the guest, whether we read what comes after the gap before the port closes, or
 * later. */
TEST (loses_what_the_guest_sent)
{
  const gsize n = 3 + FRAME_OVERHEAD;

  for (guint early = 0; early < 2; early++)
    for (gsize cut = 0; cut <= n; cut++)
      {
        guint32 stream = port_open_stream ("c");

        fake_guest_send_cut (port_guest, VQ_HELPER_STDOUT, stream, "abc", 3, cut);
        fake_guest_send_u32 (port_guest, VQ_HELPER_EXITED, stream, 0);
        if (early)
          serve ();
        sleep_and_wake ();
        port_assert_seen ("c:oabc c:x ");
      }
}

/* What is sent while the guest sleeps comes afterwards, also if it falls asleep again at once. */
TEST (sleeps_again_and_again)
{
  vq_helper_port_set_open (port_tested, FALSE);
  serve ();
  ck_assert (vq_helper_port_is_full (port_tested));
  vq_helper_port_send (port_tested, VQ_HELPER_STDIN, 1, "abc", 3);
  for (guint i = 1; i <= 5; i++)
    {
      fake_guest_fall_asleep (port_guest, VQ_HELPER_FRAME_MAX + 10 * i);
      vq_helper_port_set_open (port_tested, TRUE);
      serve ();
      vq_helper_port_set_open (port_tested, FALSE);
      serve ();
    }
  ck_assert_uint_eq (fake_guest_count_resumes (port_guest), 0);
  vq_helper_port_set_open (port_tested, TRUE);
  fake_guest_expect (port_guest, VQ_HELPER_STDIN, "abc", 3);
  serve ();
  ck_assert (!vq_helper_port_is_full (port_tested));
  ck_assert_ptr_null (vq_helper_port_get_error (port_tested));
}

static void
note_room (gpointer data)
{
  g_string_append (port_told, "room ");
}

/* As much as is kept, and no more until it is acknowledged. */
TEST (guest_acknowledges_nothing)
{
  static const guint8 zeroes[VQ_HELPER_SEND_MAX];
  guint n;

  fake_guest_hold_acks (port_guest);
  fake_guest_ignore (port_guest);
  for (n = 0; !vq_helper_port_is_full (port_tested); n++)
    {
      ck_assert_uint_lt (n, 10);
      vq_helper_port_send (port_tested, VQ_HELPER_STDIN, 1, zeroes, sizeof zeroes);
      serve ();
    }
  vq_helper_port_wait_for_room (port_tested, note_room, NULL);
  port_assert_seen ("");
  fake_guest_acknowledge (port_guest, VQ_HELPER_ACK_BYTES);
  port_assert_seen ("room ");
  fake_guest_acknowledge (port_guest, 7); /* an older one, which was sent again */
  fake_guest_acknowledge (port_guest, fake_guest_get_position (port_guest));
  fake_guest_flush (port_guest);
  port_assert_seen ("");
}

static void
try_resumed (guint32 number, guint32 position, const char *why)
{
  port_start_again ();
  vq_helper_port_set_open (port_tested, TRUE);
  port_sync ();
  vq_helper_port_set_grace (port_tested, PATIENCE * 1000);
  fake_guest_answer_hello (port_guest, FALSE);
  sleep_and_wake ();
  wait_for_resume (1);
  fake_guest_send_resumed (port_guest, number, position);
  fake_guest_flush (port_guest);
  if (why != NULL)
    port_assert_failed (why);
  else
    ck_assert (vq_helper_port_is_full (port_tested)); /* it still waits */
}

/* From a hostile guest. */
TEST (hostile_answers)
{
  try_resumed (1, 1, "the guest helper sent an acknowledgement of what it did not get");
  try_resumed (0, 0, NULL);
  try_resumed (2, 0, NULL);
  try_resumed (1, 0x01000000, "the guest helper sent an acknowledgement of what it did not get");
}

/* Answers without end are none. */
TEST (resumed_twice)
{
  sleep_and_wake ();
  wait_for_resume (1);
  serve ();
  ck_assert (!vq_helper_port_is_full (port_tested));
  fake_guest_send_resumed (port_guest, 1, 0);
  port_assert_failed ("the guest helper sent an answer that nobody asked for");
}

/* A port that is closed says nothing while the guest's driver is down. */
TEST (driver_is_down)
{
  vq_helper_port_set_grace (port_tested, 50);
  vq_helper_port_set_open (port_tested, FALSE);
  vq_helper_port_set_driver_down (port_tested, TRUE);
  ck_assert (
      !vq_wait_until (has_resumed, GUINT_TO_POINTER (1), vq_deadline_in (SHORT), NULL, "", NULL));
  ck_assert_ptr_null (vq_helper_port_get_error (port_tested));
  vq_helper_port_set_driver_down (port_tested, FALSE);
  vq_helper_port_set_open (port_tested, TRUE);
  wait_for_resume (1);
  serve ();
  vq_helper_port_set_driver_down (port_tested, TRUE);
  vq_helper_port_set_open (port_tested, FALSE);
  serve ();
  vq_helper_port_set_driver_down (port_tested, FALSE);
  port_assert_failed ("the guest helper has ended (was it killed?)");
}

/* QEMU ends while the guest sleeps. */
TEST (peer_dies_asleep)
{
  vq_helper_port_set_grace (port_tested, 0);
  vq_helper_port_set_driver_down (port_tested, TRUE);
  vq_helper_port_set_open (port_tested, FALSE);
  serve ();
  fake_guest_hang_up (port_guest);
  port_assert_failed ("the connection to the guest helper was closed");
}
