// SPDX-License-Identifier: GPL-2.0-or-later
/* A ticket is made, and found to be left behind, only under the lock. So a name that was found
 * there cannot come to be another ticket before the lock is released.
 *
 * Who looks whether a ticket is held, or waits for one, takes a shared lock, so that it is not
 * mistaken for the one who holds it. */
#include "slot/slot-queue.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "io/flock.h"
#include "slot/slot-place.h"

#define LOCK_NAME "queue"
#define TICKET_PREFIX "ticket-"

/* How long the lock of the queue is waited for at least. It is held for milliseconds. */
#define LOCK_SECONDS 10

struct _VqSlotQueue
{
  const VqSlotType *type;
  int place;      /* the caller's */
  int fd;         /* owned; it has the lock */
  GArray *others; /* the numbers (guint64) of the tickets that are held, the smallest first; NULL
                   * before they were looked at */
};

struct _VqSlotTicket
{
  const VqSlotType *type;
  int place; /* the caller's */
  guint64 number;
  int fd; /* owned; it has the lock */
};

VqSlotQueue *
vq_slot_queue_lock (const VqSlotType *type, int place, gint64 deadline, VqCancel *cancel,
                    GError **error)
{
  vq_autofd int fd = vq_slot_place_open_file (type, place, LOCK_NAME, O_RDWR | O_CREAT, error);
  VqSlotQueue *queue;
  VQ_ERROR_PREFIX (error, "the queue for slots of \"%s\"", type->name);

  if (fd < 0
      || !vq_flock_wait (fd, VQ_FLOCK_EXCLUSIVE, MAX (deadline, vq_deadline_in (LOCK_SECONDS)),
                         cancel, error))
    return NULL;
  queue = g_new0 (VqSlotQueue, 1);
  *queue = (VqSlotQueue){ type, place, g_steal_fd (&fd), NULL };
  return queue;
}

void
vq_slot_queue_free (VqSlotQueue *queue)
{
  if (queue == NULL)
    return;
  close (queue->fd);
  g_clear_pointer (&queue->others, g_array_unref);
  g_free (queue);
}

/* Transfer full. */
static char *
build_name (guint64 number)
{
  return g_strdup_printf (TICKET_PREFIX "%" G_GUINT64_FORMAT, number);
}

static int
compare_numbers (gconstpointer a, gconstpointer b)
{
  guint64 first = *(const guint64 *)a, second = *(const guint64 *)b;

  return first < second ? -1 : first > second;
}

/* The numbers of all tickets in the directory PLACE, the smallest first. Transfer full. */
static GArray *
list_tickets (int place, GError **error)
{
  vq_autofd int fd = openat (place, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *stream = fd >= 0 ? fdopendir (fd) : NULL;
  GArray *numbers;

  if (stream == NULL)
    return vq_error_set_errno (error, errno, "it cannot be read"), NULL;
  fd = -1; /* the stream's */
  numbers = g_array_new (FALSE, FALSE, sizeof (guint64));
  for (struct dirent *entry = readdir (stream); entry != NULL; entry = readdir (stream))
    {
      guint64 number;

      if (g_str_has_prefix (entry->d_name, TICKET_PREFIX)
          && g_ascii_string_to_unsigned (entry->d_name + strlen (TICKET_PREFIX), 10, 1,
                                         G_MAXUINT64 - 1, &number, NULL))
        g_array_append_val (numbers, number);
    }
  closedir (stream);
  g_array_sort (numbers, compare_numbers);
  return numbers;
}

/* *HELD tells whether a process waits with this ticket; if none does, it is removed. */
static gboolean
look_at (VqSlotQueue *queue, guint64 number, gboolean *held, GError **error)
{
  g_autofree char *name = build_name (number);
  g_autoptr (GError) why = NULL;
  vq_autofd int fd = vq_slot_place_open_file (queue->type, queue->place, name, O_RDONLY, &why);
  gboolean taken = FALSE;

  *held = FALSE;
  if (fd < 0 && vq_error_is_errno (why, ENOENT))
    return TRUE; /* it has just been dropped */
  if (fd < 0)
    return g_propagate_error (error, g_steal_pointer (&why)), FALSE;
  if (!vq_flock_try (fd, VQ_FLOCK_SHARED, &taken, error))
    return FALSE;
  *held = !taken;
  if (!*held && unlinkat (queue->place, name, 0) < 0 && errno != ENOENT)
    return vq_error_set_errno (error, errno, "cannot remove %s", name);
  return TRUE;
}

/* Fills queue->others. */
static gboolean
look (VqSlotQueue *queue, GError **error)
{
  g_autoptr (GArray) numbers = list_tickets (queue->place, error);
  g_autoptr (GArray) others = g_array_new (FALSE, FALSE, sizeof (guint64));

  for (guint i = 0; numbers != NULL && i < numbers->len; i++)
    {
      guint64 number = g_array_index (numbers, guint64, i);
      gboolean held;

      if (!look_at (queue, number, &held, error))
        return FALSE;
      if (held)
        g_array_append_val (others, number);
    }
  g_clear_pointer (&queue->others, g_array_unref);
  queue->others = g_steal_pointer (&others);
  return numbers != NULL;
}

gboolean
vq_slot_queue_count (VqSlotQueue *queue, guint *n_waiting, GError **error)
{
  if (!look (queue, error))
    return FALSE;
  *n_waiting = queue->others->len;
  return TRUE;
}

VqSlotTicket *
vq_slot_queue_take_ticket (VqSlotQueue *queue, GError **error)
{
  guint64 number = 1;
  g_autofree char *name = NULL;
  vq_autofd int fd = -1;
  gboolean taken;
  VqSlotTicket *ticket;

  if (!look (queue, error))
    return NULL;
  if (queue->others->len > 0)
    number = g_array_index (queue->others, guint64, queue->others->len - 1) + 1;
  name = build_name (number);
  fd = vq_slot_place_open_file (queue->type, queue->place, name, O_RDWR | O_CREAT, error);
  if (fd < 0 || !vq_flock_try (fd, VQ_FLOCK_EXCLUSIVE, &taken, error))
    return NULL;
  ticket = g_new0 (VqSlotTicket, 1);
  *ticket = (VqSlotTicket){ queue->type, queue->place, number, g_steal_fd (&fd) };
  return ticket;
}

/* The file goes before its lock, so that nobody finds it left behind. */
void
vq_slot_queue_drop_ticket (VqSlotTicket *ticket)
{
  g_autofree char *name = NULL;

  if (ticket == NULL)
    return;
  name = build_name (ticket->number);
  unlinkat (ticket->place, name, 0);
  close (ticket->fd);
  g_free (ticket);
}

/* Opens the ticket that is the last one before TICKET; *FD is -1 if there is none, or it has just
 * been dropped. *N is how many are before it. */
static gboolean
open_before (VqSlotTicket *ticket, int *fd, guint *n, gint64 deadline, VqCancel *cancel,
             GError **error)
{
  g_autoptr (VqSlotQueue) queue
      = vq_slot_queue_lock (ticket->type, ticket->place, deadline, cancel, error);
  g_autofree char *name = NULL;
  g_autoptr (GError) why = NULL;

  *fd = -1;
  if (queue == NULL || !look (queue, error))
    return FALSE;
  for (*n = 0; *n < queue->others->len; ++*n)
    if (g_array_index (queue->others, guint64, *n) >= ticket->number)
      break;
  if (*n == 0)
    return TRUE;
  name = build_name (g_array_index (queue->others, guint64, *n - 1));
  *fd = vq_slot_place_open_file (ticket->type, ticket->place, name, O_RDONLY, &why);
  if (*fd >= 0 || vq_error_is_errno (why, ENOENT))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&why));
  return FALSE;
}

gboolean
vq_slot_queue_await_head (VqSlotTicket *ticket, void (*before) (guint n, gpointer data),
                          gpointer data, gint64 deadline, VqCancel *cancel, GError **error)
{
  for (;;)
    {
      vq_autofd int fd = -1;
      guint n;

      if (!open_before (ticket, &fd, &n, deadline, cancel, error))
        return FALSE;
      if (before != NULL)
        before (n, data);
      if (n == 0)
        return TRUE;
      if (fd >= 0 && !vq_flock_wait (fd, VQ_FLOCK_SHARED, deadline, cancel, error))
        return FALSE;
    }
}
