// SPDX-License-Identifier: GPL-2.0-or-later
/* The signals that end the server: they are blocked and read from a descriptor in the main context,
 * so nothing happens in a signal handler. */
#pragma once

#include <glib.h>

#include "base/wait.h"

typedef struct _VqSignals VqSignals;

/* From now on SIGHUP, SIGINT and SIGTERM, unless they are ignored now, trigger CANCEL, which must
 * outlive the result; SIGPIPE is ignored, a write tells. Children get the usual signals back (see
 * child.c). */
VqSignals *vq_signals_new (VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The signal that came, or 0. */
int vq_signals_get_caught (VqSignals *signals);

/* Undoes everything but the ignored SIGPIPE. */
void vq_signals_free (VqSignals *signals);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqSignals, vq_signals_free)
