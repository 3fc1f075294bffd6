// SPDX-License-Identifier: GPL-2.0-or-later
/* Waiting: the only place where the main context is run. A handler is straight-line code that
 * calls these; while it waits, everything else (exec clients, QMP events, the console) is
 * served by the same context. Every wait has a deadline and ends early when it is cancelled. */
#pragma once

#include <glib.h>

/* Why waits must end early. A cancel may have a parent: it then also counts as triggered when
 * the parent is. The first reason wins and stays. */
typedef struct _VqCancel VqCancel;

/* PARENT may be NULL and must outlive the result. */
VqCancel *vq_cancel_new (VqCancel *parent);
void vq_cancel_free (VqCancel *cancel);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqCancel, vq_cancel_free)

/* Ends all waits on CANCEL and on its children with a copy of REASON. Later calls do nothing. */
void vq_cancel_trigger (VqCancel *cancel, const GError *reason);

/* Calls CANCELLED, once, from inside vq_cancel_trigger (CANCEL): for work that nobody waits for. A
 * parent's trigger does not count. Replaces an earlier watch; NULL ends it. */
typedef void (*VqCancelled) (const GError *reason, gpointer data);
void vq_cancel_set_watch (VqCancel *cancel, VqCancelled cancelled, gpointer data);

/* The reason of CANCEL or of its nearest triggered ancestor, or NULL. CANCEL may be NULL. */
const GError *vq_cancel_reason (VqCancel *cancel);

/* A point of monotonic time SECONDS from now, in microseconds; it runs through an operation. */
gint64 vq_deadline_in (double seconds);

/* The seconds left until DEADLINE; 0 when it has passed. */
double vq_deadline_left (gint64 deadline);

typedef gboolean (*VqCondition) (gpointer data);

/* Runs the default main context until CONDITION (DATA) is true. Fails with VQ_ERROR_TIMEOUT at
 * DEADLINE ("no WHAT within N s"), or with the reason of CANCEL (which may be NULL) at once.
 * A condition that already holds wins over both. */
gboolean vq_wait_until (VqCondition condition, gpointer data, gint64 deadline, VqCancel *cancel,
                        const char *what, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same for FD to become ready for any of EVENTS (G_IO_IN, G_IO_OUT; hang-up and error always
 * count as ready). One that is ready wins over DEADLINE, but not over a CANCEL that has been
 * triggered: an endless stream can be cancelled. FD stays the caller's. */
gboolean vq_wait_fd (int fd, GIOCondition events, gint64 deadline, VqCancel *cancel,
                     const char *what, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Serves what is ready in the context now, without waiting: for work that goes on for long without
 * having to wait. */
void vq_wait_serve (void);

/* Serves the context for MILLISECONDS, or until CANCEL. Only for peers that cannot tell us of
 * an event themselves (the guest agent answers questions, it never speaks first). */
gboolean vq_wait_pause (guint milliseconds, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
