// SPDX-License-Identifier: GPL-2.0-or-later
/* Slots are tried under the lock of the queue. Only the head of the queue waits for them, without
 * that lock: by a flock (1) for each slot, of which it keeps the first that end. Nobody else can
 * take a slot meanwhile, because there is a ticket before him. */
#include "slot/slot.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/fd.h"
#include "io/flock.h"
#include "io/log.h"
#include "slot/slot-place.h"
#include "slot/slot-queue.h"

struct _VqSlot
{
  char *type;
  guint number;
  gint64 since;
  int fd;         /* owned; it has the lock, or will have it when CHILD has ended */
  VqChild *child; /* owned; NULL: we have the lock */
};

/* Somebody who wants slots. */
typedef struct
{
  const VqSlotType *type;
  guint n;
  int place; /* the directory of the type */
  gint64 deadline;
  VqCancel *cancel;
} Demand;

void
vq_slot_free (VqSlot *slot)
{
  if (slot == NULL)
    return;
  g_clear_pointer (&slot->child, vq_child_free);
  close (slot->fd);
  g_free (slot->type);
  g_free (slot);
}

int
vq_slot_get_fd (const VqSlot *slot)
{
  return slot->fd;
}

const char *
vq_slot_get_type_name (const VqSlot *slot)
{
  return slot->type;
}

guint
vq_slot_get_number (const VqSlot *slot)
{
  return slot->number;
}

gboolean
vq_slot_tell (const VqSlot *slot, const VqSlotUse *use, GError **error)
{
  const VqSlotHolder holder = {
    .type = slot->type,
    .number = slot->number,
    .since = slot->since,
    .pid = getpid (),
    .user = (char *)g_get_user_name (),
    .instance = (char *)use->instance,
    .owner = (char *)use->owner,
    .description = (char *)use->description,
    .lease_end = use->lease_end,
  };

  return vq_slot_holder_write (&holder, slot->fd, error);
}

VqSlot *
vq_slot_adopt (int fd, GError **error)
{
  vq_autofd int own = fd;
  struct stat st;
  g_autoptr (VqSlotHolder) holder = NULL;
  VqSlot *slot;

  if (fcntl (own, F_SETFD, FD_CLOEXEC) < 0 || fstat (own, &st) < 0)
    return vq_error_set_errno (error, errno, "cannot take over a slot"), NULL;
  holder = S_ISREG (st.st_mode) ? vq_slot_holder_read (own) : NULL;
  if (holder == NULL)
    return vq_error_set (error, VQ_ERROR_USAGE, "descriptor %d is not a slot", fd), NULL;
  slot = g_new0 (VqSlot, 1);
  slot->type = g_steal_pointer (&holder->type);
  slot->number = holder->number;
  slot->since = holder->since;
  slot->fd = g_steal_fd (&own);
  return slot;
}

/* Opens the file of a slot, which we do not have yet. */
static VqSlot *
open_slot (const Demand *demand, guint number, GError **error)
{
  g_autofree char *name = g_strdup_printf ("%u", number);
  int fd = vq_slot_place_open_file (demand->type, demand->place, name, O_RDWR | O_CREAT, error);
  VqSlot *slot;

  if (fd < 0)
    return NULL;
  slot = g_new0 (VqSlot, 1);
  slot->type = g_strdup (demand->type->name);
  slot->number = number;
  slot->fd = fd;
  return slot;
}

/* As many slots as are free, but not more than wanted. Transfer full. */
static GPtrArray *
take_free (const Demand *demand, GError **error)
{
  g_autoptr (GPtrArray) slots = g_ptr_array_new_with_free_func ((GDestroyNotify)vq_slot_free);

  for (guint i = 1; i <= demand->type->count && slots->len < demand->n; i++)
    {
      g_autoptr (VqSlot) slot = open_slot (demand, i, error);
      gboolean taken;

      if (slot == NULL || !vq_flock_try (slot->fd, VQ_FLOCK_EXCLUSIVE, &taken, error))
        return NULL;
      if (taken)
        g_ptr_array_add (slots, g_steal_pointer (&slot));
    }
  return g_steal_pointer (&slots);
}

/* Starts to wait for all slots. Transfer full. */
static GPtrArray *
begin_wait (const Demand *demand, GError **error)
{
  g_autoptr (GPtrArray) slots = g_ptr_array_new_with_free_func ((GDestroyNotify)vq_slot_free);

  for (guint i = 1; i <= demand->type->count; i++)
    {
      VqSlot *slot = open_slot (demand, i, error);

      if (slot == NULL)
        return NULL;
      g_ptr_array_add (slots, slot);
      slot->child = vq_flock_begin (slot->fd, VQ_FLOCK_EXCLUSIVE, error);
      if (slot->child == NULL)
        return NULL;
    }
  return g_steal_pointer (&slots);
}

typedef struct
{
  GPtrArray *slots;
  guint n;
} Wait;

static gboolean
has_enough (gpointer data)
{
  const Wait *wait = data;
  guint n = 0;

  for (guint i = 0; i < wait->slots->len; i++)
    n += vq_child_has_ended (((VqSlot *)wait->slots->pdata[i])->child);
  return n >= wait->n;
}

/* Removes those from SLOTS that we do not have, or do not need. */
static gboolean
keep_taken (GPtrArray *slots, guint n, GError **error)
{
  for (guint i = 0; i < slots->len;)
    {
      VqSlot *slot = slots->pdata[i];

      if (i == n || !vq_child_has_ended (slot->child))
        g_ptr_array_remove_index (slots, i);
      else if (!vq_child_check_success (slot->child, error))
        return FALSE;
      else
        i++;
    }
  for (guint i = 0; i < slots->len; i++)
    g_clear_pointer (&((VqSlot *)slots->pdata[i])->child, vq_child_free);
  return TRUE;
}

static void
show_before (guint n, gpointer data)
{
  const Demand *demand = data;
  g_autofree char *before = n == 0   ? g_strdup ("we are the next")
                            : n == 1 ? g_strdup ("1 is before us")
                                     : g_strdup_printf ("%u are before us", n);
  g_autofree char *text
      = g_strdup_printf ("waiting for a slot of \"%s\": too few of %u are free, %s",
                         demand->type->name, demand->type->count, before);

  vq_log_progress (text);
}

/* We are the head of the queue when this begins to wait for slots. */
static GPtrArray *
wait_in_queue (Demand *demand, VqSlotTicket *ticket, GError **error)
{
  g_autoptr (GPtrArray) slots = NULL;

  if (!vq_slot_queue_await_head (ticket, show_before, demand, demand->deadline, demand->cancel,
                                 error))
    return NULL;
  slots = begin_wait (demand, error);
  if (slots == NULL
      || !vq_wait_until (has_enough, &(Wait){ slots, demand->n }, demand->deadline, demand->cancel,
                         "free slots", error)
      || !keep_taken (slots, demand->n, error))
    return NULL;
  return g_steal_pointer (&slots);
}

static gboolean
fail_full (const Demand *demand, guint n_waiting, int wait_seconds, GError **error)
{
  const VqSlotType *type = demand->type;
  g_autofree char *what
      = demand->n == 1 ? g_strdup_printf ("no slot of \"%s\" is", type->name)
                       : g_strdup_printf ("there are no %u slots of \"%s\"", demand->n, type->name);
  g_autofree char *time
      = wait_seconds > 0 ? g_strdup_printf ("within %d s", wait_seconds) : g_strdup ("now");
  g_autofree char *others = n_waiting > 0
                                ? g_strdup_printf (", and %u waited for one already", n_waiting)
                                : g_strdup ("");

  return vq_error_set (error, VQ_ERROR_NO_ROOM, "%s free %s: this host has %u%s; try again later",
                       what, time, type->count, others);
}

/* Tries at once, and takes a ticket if that must fail and we may wait. *SLOTS and *TICKET are
 * NULL if there is no room. */
static gboolean
try_at_once (const Demand *demand, gboolean may_wait, GPtrArray **slots, VqSlotTicket **ticket,
             guint *n_waiting, GError **error)
{
  g_autoptr (VqSlotQueue) queue
      = vq_slot_queue_lock (demand->type, demand->place, demand->deadline, demand->cancel, error);

  if (queue == NULL || !vq_slot_queue_count (queue, n_waiting, error))
    return FALSE;
  if (*n_waiting == 0)
    {
      *slots = take_free (demand, error);
      if (*slots == NULL || (*slots)->len == demand->n)
        return *slots != NULL;
      g_clear_pointer (slots, g_ptr_array_unref);
    }
  if (may_wait)
    *ticket = vq_slot_queue_take_ticket (queue, error);
  return !may_wait || *ticket != NULL;
}

/* Transfer full. */
static GPtrArray *
take (Demand *demand, int wait_seconds, GError **error)
{
  g_autoptr (GPtrArray) slots = NULL;
  g_autoptr (VqSlotTicket) ticket = NULL;
  g_autoptr (GError) why = NULL;
  guint n_waiting;

  if (!try_at_once (demand, wait_seconds > 0, &slots, &ticket, &n_waiting, error))
    return NULL;
  if (slots == NULL && ticket != NULL)
    slots = wait_in_queue (demand, ticket, &why);
  if (slots != NULL)
    return g_steal_pointer (&slots);
  if (why == NULL || vq_error_is_timeout (why))
    return fail_full (demand, n_waiting, wait_seconds, error), NULL;
  g_propagate_error (error, g_steal_pointer (&why));
  return NULL;
}

GPtrArray *
vq_slot_take_many (const VqSlotType *type, guint n, int wait_seconds, const VqSlotUse *use,
                   VqCancel *cancel, GError **error)
{
  vq_autofd int place = -1;
  g_autoptr (GPtrArray) slots = NULL;

  if (n > type->count)
    return vq_error_set (error, VQ_ERROR_USAGE, "there are %u slots of \"%s\" in all, and not %u",
                         type->count, type->name, n),
           NULL;
  place = vq_slot_place_open (type, TRUE, error);
  if (place < 0)
    return NULL;
  slots = take (&(Demand){ type, n, place, vq_deadline_in (wait_seconds), cancel }, wait_seconds,
                error);
  for (guint i = 0; slots != NULL && i < slots->len; i++)
    {
      VqSlot *slot = slots->pdata[i];

      slot->since = g_get_real_time ();
      if (!vq_slot_tell (slot, use, error))
        return NULL;
    }
  return g_steal_pointer (&slots);
}

VqSlot *
vq_slot_take (const VqSlotType *type, int wait_seconds, const VqSlotUse *use, VqCancel *cancel,
              GError **error)
{
  g_autoptr (GPtrArray) slots = vq_slot_take_many (type, 1, wait_seconds, use, cancel, error);

  return slots != NULL ? g_ptr_array_steal_index (slots, 0) : NULL;
}

static void
state_free (gpointer data)
{
  VqSlotState *state = data;

  vq_slot_holder_free (state->holder);
  g_free (state);
}

/* Looks at one slot in the directory PLACE; -1: there is none. */
static VqSlotState *
look_at (const VqSlotType *type, int place, guint number, GError **error)
{
  g_autofree char *name = g_strdup_printf ("%u", number);
  g_autoptr (GError) why = NULL;
  vq_autofd int fd = place >= 0 ? vq_slot_place_open_file (type, place, name, O_RDONLY, &why) : -1;
  VqSlotState *state;
  gboolean is_free = TRUE;

  if (fd < 0 && why != NULL && !vq_error_is_errno (why, ENOENT))
    return g_propagate_error (error, g_steal_pointer (&why)), NULL;
  if (fd >= 0 && !vq_flock_try (fd, VQ_FLOCK_SHARED, &is_free, error))
    return NULL;
  state = g_new0 (VqSlotState, 1);
  state->number = number;
  state->is_held = !is_free;
  state->holder = is_free ? NULL : vq_slot_holder_read (fd);
  return state;
}

static GPtrArray *
look_at_all (const VqSlotType *type, int place, GError **error)
{
  g_autoptr (GPtrArray) states = g_ptr_array_new_with_free_func (state_free);

  for (guint i = 1; i <= type->count; i++)
    {
      VqSlotState *state = look_at (type, place, i, error);

      if (state == NULL)
        return NULL;
      g_ptr_array_add (states, state);
    }
  return g_steal_pointer (&states);
}

/* The lock is for those who try slots at once: a slot that we look at is not free for a moment. */
GPtrArray *
vq_slot_list (const VqSlotType *type, guint *n_waiting, VqCancel *cancel, GError **error)
{
  g_autoptr (GError) why = NULL;
  vq_autofd int place = vq_slot_place_open (type, FALSE, &why);
  g_autoptr (VqSlotQueue) queue = NULL;

  *n_waiting = 0;
  if (place < 0 && vq_error_get_code (why) != VQ_ERROR_MISSING)
    return g_propagate_error (error, g_steal_pointer (&why)), NULL;
  if (place < 0)
    return look_at_all (type, -1, error);
  queue = vq_slot_queue_lock (type, place, 0, cancel, error);
  if (queue == NULL || !vq_slot_queue_count (queue, n_waiting, error))
    return NULL;
  return look_at_all (type, place, error);
}
