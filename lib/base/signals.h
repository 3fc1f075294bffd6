// SPDX-License-Identifier: GPL-2.0-or-later
/* The signals that end a program, or that it passes on. They are blocked, and the main context
 * reads them from a descriptor, so no code runs in a signal handler. */
#pragma once

#include <glib.h>

#include "base/wait.h"

typedef struct _VqSignals VqSignals;

/* From now on SIGHUP, SIGINT and SIGTERM trigger CANCEL, except those that are ignored now. CANCEL
 * must outlive the result. */
VqSignals *vq_signals_new (VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* From now on CAUGHT is called from the main context for each of NUMBERS (which ends with 0) that
 * comes, except those that are ignored now. */
typedef void (*VqSignalsCaught) (int signum, gpointer data);
VqSignals *vq_signals_watch (const int *numbers, VqSignalsCaught caught, gpointer data,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The signal that came last, or 0. */
int vq_signals_get_caught (VqSignals *signals);

/* Undoes everything. */
void vq_signals_free (VqSignals *signals);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqSignals, vq_signals_free)
