// SPDX-License-Identifier: GPL-2.0-or-later
#include "io/send-queue.h"

#include <errno.h>
#include <glib-unix.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/byte-queue.h"
#include "base/fd.h"

/* Counts references, because a callback may free the queue that is calling it. */
struct _VqSendQueue
{
  int fd; /* not owned */
  VqSendFailed failed;
  gpointer data;
  VqByteQueue kept;
  int passed_fd; /* owned: goes with the next bytes; -1: none */
  gboolean held;
  guint source_id; /* 0 unless the socket is full */
  gboolean blocked;
  GQueue waiters; /* of Waiter, owned */
};

typedef struct
{
  VqSendRoom room;
  gpointer data;
} Waiter;

VqSendQueue *
vq_send_queue_new (int fd, VqSendFailed failed, gpointer data)
{
  VqSendQueue *queue = g_rc_box_new0 (VqSendQueue);

  queue->fd = fd;
  queue->failed = failed;
  queue->data = data;
  queue->passed_fd = -1;
  g_queue_init (&queue->waiters);
  return queue;
}

void
vq_send_queue_drop (VqSendQueue *queue)
{
  vq_byte_queue_clear (&queue->kept);
  vq_fd_clear (&queue->passed_fd);
  g_clear_handle_id (&queue->source_id, g_source_remove);
}

void
vq_send_queue_clear (VqSendQueue *queue)
{
  vq_send_queue_drop (queue);
  queue->blocked = FALSE;
  g_queue_clear_full (&queue->waiters, g_free);
}

void
vq_send_queue_free (VqSendQueue *queue)
{
  if (queue == NULL)
    return;
  vq_send_queue_clear (queue);
  g_rc_box_release (queue);
}

/* Returns how many bytes were sent, 0 if the socket is full, or -1 if nothing can be sent any
 * more. */
static gssize
send_pieces (VqSendQueue *queue, const struct iovec *pieces, guint n)
{
  struct msghdr message = { .msg_iov = (struct iovec *)pieces, .msg_iovlen = n };
  union
  {
    struct cmsghdr header;
    char space[CMSG_SPACE (sizeof (int))];
  } control = { .header = { CMSG_LEN (sizeof (int)), SOL_SOCKET, SCM_RIGHTS } };
  gssize sent;
  int errnum;

  if (queue->passed_fd >= 0)
    {
      memcpy (CMSG_DATA (&control.header), &queue->passed_fd, sizeof (int));
      message.msg_control = &control;
      message.msg_controllen = sizeof control.space;
    }
  do
    sent = sendmsg (queue->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  if (sent > 0)
    vq_fd_clear (&queue->passed_fd);
  if (sent >= 0 || errno == EAGAIN)
    return MAX (sent, 0);
  errnum = errno;
  vq_send_queue_clear (queue);
  queue->failed (errnum, queue->data);
  return -1;
}

static gboolean
flush (VqSendQueue *queue)
{
  gsize n = vq_byte_queue_get_length (&queue->kept);
  struct iovec piece = { (void *)vq_byte_queue_peek (&queue->kept), n };
  gssize sent = n > 0 ? send_pieces (queue, &piece, 1) : 0;

  if (sent > 0)
    vq_byte_queue_consume (&queue->kept, sent);
  return sent >= 0;
}

static void
serve (VqSendQueue *queue)
{
  g_rc_box_acquire (queue);
  while (!vq_send_queue_is_full (queue) && !g_queue_is_empty (&queue->waiters))
    {
      g_autofree Waiter *waiter = g_queue_pop_head (&queue->waiters);

      waiter->room (waiter->data);
    }
  g_rc_box_release (queue);
}

static gboolean
on_writable (int fd, GIOCondition events, gpointer data)
{
  VqSendQueue *queue = data;

  if (!flush (queue) || vq_byte_queue_get_length (&queue->kept) > 0)
    return G_SOURCE_CONTINUE; /* if nothing can be sent any more, the source is already removed */
  queue->source_id = 0;
  serve (queue);
  return G_SOURCE_REMOVE;
}

static void
wait_if_full (VqSendQueue *queue)
{
  if (queue->source_id == 0 && vq_byte_queue_get_length (&queue->kept) > 0)
    queue->source_id
        = g_unix_fd_add (queue->fd, G_IO_OUT | G_IO_HUP | G_IO_ERR, on_writable, queue);
}

/* Keeps PIECES without their first SKIP bytes. */
static void
keep (VqSendQueue *queue, const struct iovec *pieces, guint n, gsize skip)
{
  for (guint i = 0; i < n; i++)
    {
      gsize skipped = MIN (skip, pieces[i].iov_len);

      vq_byte_queue_append (&queue->kept, (const guint8 *)pieces[i].iov_base + skipped,
                            pieces[i].iov_len - skipped);
      skip -= skipped;
    }
}

void
vq_send_queue_add (VqSendQueue *queue, const struct iovec *pieces, guint n)
{
  gssize sent = 0;

  if (!queue->held && vq_byte_queue_get_length (&queue->kept) == 0)
    sent = send_pieces (queue, pieces, n);
  if (sent < 0)
    return;
  keep (queue, pieces, n, sent);
  if (!queue->held)
    wait_if_full (queue);
}

void
vq_send_queue_pass_fd (VqSendQueue *queue, int fd)
{
  vq_fd_clear (&queue->passed_fd);
  queue->passed_fd = fd;
}

void
vq_send_queue_hold (VqSendQueue *queue)
{
  queue->held = TRUE;
}

void
vq_send_queue_release (VqSendQueue *queue)
{
  queue->held = FALSE;
  if (queue->source_id == 0 && flush (queue))
    wait_if_full (queue);
}

gboolean
vq_send_queue_is_full (VqSendQueue *queue)
{
  return queue->source_id != 0 || queue->blocked;
}

void
vq_send_queue_set_blocked (VqSendQueue *queue, gboolean blocked)
{
  gboolean ends = queue->blocked && !blocked;

  queue->blocked = blocked;
  if (ends)
    serve (queue);
}

void
vq_send_queue_wait (VqSendQueue *queue, VqSendRoom room, gpointer data)
{
  Waiter *waiter = g_new (Waiter, 1);

  g_assert (vq_send_queue_is_full (queue));
  *waiter = (Waiter){ room, data };
  g_queue_push_tail (&queue->waiters, waiter);
}

void
vq_send_queue_forget (VqSendQueue *queue, gpointer data)
{
  for (GList *l = queue->waiters.head; l != NULL; l = l->next)
    if (((Waiter *)l->data)->data == data)
      {
        g_free (l->data);
        g_queue_delete_link (&queue->waiters, l);
        return;
      }
}

/* On a unix socket, SIOCOUTQ counts the bytes that the receiver has not read yet. */
gboolean
vq_send_queue_is_taken (VqSendQueue *queue)
{
  int unread = 0;

  if (vq_byte_queue_get_length (&queue->kept) > 0)
    return FALSE;
  return ioctl (queue->fd, SIOCOUTQ, &unread) != 0 || unread == 0;
}
