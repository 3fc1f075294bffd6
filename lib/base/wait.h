// SPDX-License-Identifier: GPL-2.0-or-later
/* Waiting: the only place where the main context is run. A handler is straight-line code that calls
 * these; while it waits, everything else (exec clients, QMP events, the console) is served by the
 * same context. Every wait has a deadline and ends early when its cancel is triggered. */
#pragma once

#include <glib.h>

#include "base/cancel.h"
#include "base/deadline.h"

typedef gboolean (*VqWaitCondition) (gpointer data);

/* Runs the default main context until CONDITION (DATA) is true. Fails with VQ_ERROR_TIMEOUT at
 * DEADLINE ("no WHAT within N s"), or with the reason of CANCEL (which may be NULL) at once.
 * A condition that already holds wins over both. */
gboolean vq_wait_until (VqWaitCondition condition, gpointer data, gint64 deadline, VqCancel *cancel,
                        const char *what, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Waits in the same way until FD is ready for one of EVENTS (G_IO_IN, G_IO_OUT; hang-up and error
 * always count as ready). A descriptor that is ready wins over DEADLINE, but not over a triggered
 * CANCEL, so that an endless stream can be cancelled. FD stays the caller's. */
gboolean vq_wait_fd (int fd, GIOCondition events, gint64 deadline, VqCancel *cancel,
                     const char *what, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Serves the main context for MILLISECONDS, or until CANCEL is triggered. May be used only where
 * nothing tells us of the event, so that we must ask again: the guest agent answers questions and
 * never speaks first, and nothing tells when an ssh server begins to listen. */
gboolean vq_wait_pause (guint milliseconds, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* To be called when, for example, a connection has ended because of WHY (taken over), but probably
 * because its process has ended. The watch on the process will soon trigger CANCEL with a better
 * reason. Waits for that, for a second at most and not beyond DEADLINE, and sets *ERROR to that
 * reason, or else to WHY. Always returns FALSE so that it can be returned. Does not wait without a
 * CANCEL. */
gboolean vq_wait_for_reason (GError *why, gint64 deadline, VqCancel *cancel, GError **error);
