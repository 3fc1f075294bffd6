// SPDX-License-Identifier: GPL-2.0-or-later
/* Who is served first, among those who want slots of one type. There is a lock, which everybody has
 * only for a moment, and never while he waits: under it tickets are taken, and slots are tried by
 * those who need not wait. Who has to wait has a ticket, a file "ticket-N" that it keeps locked.
 * The numbers grow; the one with the smallest is at the head. Each waits for the lock of the ticket
 * before its own, so a waiter that ends in any way lets the next one on. */
#pragma once

#include "base/wait.h"
#include "slot/slot-type.h"

/* The lock. */
typedef struct _VqSlotQueue VqSlotQueue;

/* Takes the lock of the queue of TYPE in the directory PLACE (slot-place.h). Waits for others until
 * DEADLINE, which should leave them some seconds. TYPE and PLACE must outlive the result. */
VqSlotQueue *vq_slot_queue_lock (const VqSlotType *type, int place, gint64 deadline,
                                 VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void vq_slot_queue_free (VqSlotQueue *queue);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqSlotQueue, vq_slot_queue_free)

/* Removes the tickets of processes that have ended. *N_WAITING is how many are left. */
gboolean vq_slot_queue_count (VqSlotQueue *queue, guint *n_waiting, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* A place in the queue. */
typedef struct _VqSlotTicket VqSlotTicket;

/* Takes the place behind all others. TYPE and PLACE of QUEUE must outlive the result. */
VqSlotTicket *vq_slot_queue_take_ticket (VqSlotQueue *queue, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Gives the place up. */
void vq_slot_queue_drop_ticket (VqSlotTicket *ticket);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqSlotTicket, vq_slot_queue_drop_ticket)

/* Waits until TICKET is at the head of the queue. BEFORE, if not NULL, is called with DATA and the
 * number of those before it, each time that has changed. */
gboolean vq_slot_queue_await_head (VqSlotTicket *ticket, void (*before) (guint n, gpointer data),
                                   gpointer data, gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
