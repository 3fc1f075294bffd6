// SPDX-License-Identifier: GPL-2.0-or-later
#include "io/send-queue.h"

#include <check.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "leaks.h"
#include "suite.h"
#include "base/wait.h"

#define PATIENCE 30 /* seconds; for things that take none */
#define MIB (1024 * 1024)

static int ends[2]; /* ours and the receiver's */
static VqSendQueue *queue;
static int failed_with;
static guint n_rooms;
static gsize n_sent, n_received; /* bytes that count */

static void
on_failed (int errnum, gpointer data)
{
  ck_assert_ptr_eq (data, &failed_with);
  failed_with = errnum;
}

static void
open_queue (int type)
{
  ck_assert_int_eq (socketpair (AF_UNIX, type | SOCK_CLOEXEC, 0, ends), 0);
  queue = vq_send_queue_new (ends[0], on_failed, &failed_with);
  failed_with = 0;
  n_rooms = 0;
  n_sent = n_received = 0;
}

static void
close_queue (void)
{
  g_clear_pointer (&queue, vq_send_queue_free);
  close (ends[0]);
  if (ends[1] >= 0)
    close (ends[1]);
}

static void
setup (void)
{
  leaks_begin ();
  open_queue (SOCK_STREAM);
}

static void
teardown (void)
{
  close_queue ();
  leaks_assert_none ();
  ck_assert (!g_main_context_pending (NULL));
}

static void
add (const void *bytes, gsize n)
{
  struct iovec piece = { (void *)bytes, n };

  vq_send_queue_add (queue, &piece, 1);
}

/* What the receiver gets in one call; "" for nothing. */
static const char *
receive (void)
{
  static char text[1000];
  gssize n = recv (ends[1], text, sizeof text - 1, MSG_DONTWAIT);

  text[MAX (n, 0)] = '\0';
  return text;
}

/* A megabyte that counts, in pieces of strange sizes. */
static void
fill (void)
{
  g_autofree guint8 *bytes = g_malloc (MIB);

  for (gsize i = 0; i < MIB; i++)
    bytes[i] = n_sent++ % 251;
  for (gsize at = 0; at < MIB; at += 4096)
    {
      struct iovec pieces[3]
          = { { bytes + at, 5 }, { bytes + at + 5, 0 }, { bytes + at + 5, 4091 } };

      vq_send_queue_add (queue, pieces, 3);
    }
  ck_assert (vq_send_queue_is_full (queue));
}

/* Takes what is there and is to count; the same as was sent. */
static void
receive_count (void)
{
  static guint8 bytes[65536];
  gssize n = recv (ends[1], bytes, MIN (sizeof bytes, n_sent - n_received), MSG_DONTWAIT);
  gboolean right = TRUE;

  for (gssize i = 0; i < n; i++)
    right &= bytes[i] == n_received++ % 251;
  ck_assert (right);
}

static gboolean
drain (gpointer data)
{
  receive_count ();
  g_main_context_wakeup (NULL);
  return n_received == n_sent;
}

static void
drain_all (void)
{
  ck_assert (vq_wait_until (drain, NULL, vq_deadline_in (PATIENCE), NULL, "end", NULL));
}

CASE ("send-queue", setup, teardown, 60)

TEST (sends_at_once)
{
  add ("one ", 4);
  add ("two", 3);
  ck_assert_str_eq (receive (), "one two");
  ck_assert (!vq_send_queue_is_full (queue));
}

TEST (keeps_the_rest)
{
  fill ();
  drain_all ();
  ck_assert (!vq_send_queue_is_full (queue));
  ck_assert (vq_send_queue_is_taken (queue));
}

TEST (held_is_one_piece)
{
  close_queue ();
  open_queue (SOCK_SEQPACKET);
  vq_send_queue_hold (queue);
  add ("one ", 4);
  add ("two", 3);
  ck_assert_str_eq (receive (), "");
  vq_send_queue_release (queue);
  add ("three", 5);
  ck_assert_str_eq (receive (), "one two");
  ck_assert_str_eq (receive (), "three");
  vq_send_queue_hold (queue);
  vq_send_queue_release (queue);
  ck_assert_str_eq (receive (), "");
}

/* What is held comes behind what waits already. */
TEST (held_while_full)
{
  fill ();
  vq_send_queue_hold (queue);
  add ("the end", 7);
  vq_send_queue_release (queue);
  drain_all ();
  while (vq_send_queue_is_full (queue))
    g_main_context_iteration (NULL, TRUE);
  ck_assert_str_eq (receive (), "the end");
}

static void
on_room (gpointer data)
{
  ck_assert_uint_eq (GPOINTER_TO_UINT (data), ++n_rooms);
  ck_assert (!vq_send_queue_is_full (queue));
}

TEST (room_in_turn)
{
  fill ();
  vq_send_queue_wait (queue, on_room, GUINT_TO_POINTER (1));
  vq_send_queue_wait (queue, on_room, GUINT_TO_POINTER (7));
  vq_send_queue_wait (queue, on_room, GUINT_TO_POINTER (2));
  vq_send_queue_wait (queue, on_room, GUINT_TO_POINTER (3));
  vq_send_queue_forget (queue, GUINT_TO_POINTER (7));
  vq_send_queue_forget (queue, GUINT_TO_POINTER (8));
  ck_assert_uint_eq (n_rooms, 0);
  drain_all ();
  ck_assert_uint_eq (n_rooms, 3);
}

static void
fill_again (gpointer data)
{
  n_rooms++;
  fill ();
}

/* Who is served may leave no room for the next. */
TEST (room_is_taken)
{
  fill ();
  vq_send_queue_wait (queue, fill_again, NULL);
  vq_send_queue_wait (queue, fill_again, NULL);
  while (n_rooms == 0)
    drain (NULL), g_main_context_iteration (NULL, FALSE);
  ck_assert_uint_eq (n_rooms, 1);
  drain_all ();
  ck_assert_uint_eq (n_rooms, 2);
}

static void
free_queue (gpointer data)
{
  n_rooms++;
  g_clear_pointer (&queue, vq_send_queue_free);
}

TEST (freed_by_who_waits)
{
  fill ();
  vq_send_queue_wait (queue, free_queue, NULL);
  vq_send_queue_wait (queue, free_queue, NULL);
  drain_all ();
  ck_assert_uint_eq (n_rooms, 1);
}

TEST (clear)
{
  fill ();
  vq_send_queue_wait (queue, on_room, GUINT_TO_POINTER (1));
  vq_send_queue_clear (queue);
  ck_assert (!vq_send_queue_is_full (queue));
  ck_assert (!vq_send_queue_is_taken (queue)); /* the socket's */
  for (gsize before = 1; before != n_received;)
    {
      before = n_received;
      receive_count ();
    }
  ck_assert (vq_send_queue_is_taken (queue));
  add ("new", 3);
  ck_assert_str_eq (receive (), "new");
  ck_assert_uint_eq (n_rooms, 0);
}

TEST (peer_is_gone)
{
  close (ends[1]);
  ends[1] = -1;
  add ("word", 4);
  ck_assert_int_eq (failed_with, EPIPE);
  failed_with = 0;
  vq_send_queue_hold (queue);
  add ("word", 4);
  vq_send_queue_release (queue);
  ck_assert_int_eq (failed_with, EPIPE);
}

static gboolean
has_failed (gpointer data)
{
  return failed_with != 0;
}

TEST (peer_goes_while_full)
{
  fill ();
  vq_send_queue_wait (queue, on_room, GUINT_TO_POINTER (1));
  close (ends[1]);
  ends[1] = -1;
  ck_assert (vq_wait_until (has_failed, NULL, vq_deadline_in (PATIENCE), NULL, "failure", NULL));
  ck_assert (!vq_send_queue_is_full (queue));
  ck_assert_uint_eq (n_rooms, 0);
}
