// SPDX-License-Identifier: GPL-2.0-or-later
/* The end of a migration, however it went. */
#pragma once

#include "qemu/qmp.h"

/* Waits until QEMU lets a machine run again that it has saved or sent, or has failed to: it takes a
 * moment after it has told that this is over. */
gboolean vq_migration_end_wait (VqQmp *qmp, gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
