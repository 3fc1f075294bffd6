// SPDX-License-Identifier: GPL-2.0-or-later
/* Copies the whole state of a machine that runs, its memory too, into another QEMU (QEMU's
 * docs/devel/migration). The machine runs nearly all the time: QEMU sends the memory, then again
 * what has changed meanwhile, and stops the machine only for the rest. Before version 9.0 it cannot
 * do that under TCG; there the machine is stopped for the whole time.
 *
 *   sender's QEMU --- unix socket ---> receiver's QEMU
 *
 * The sender goes on afterwards; that is what distinguishes a copy from a migration. */
#pragma once

#include "qemu/qmp.h"

/* Called when the sender's machine has stopped and its disks are flushed: files that belong to it
 * can be copied. It should be quick. */
typedef gboolean (*VqLiveMigrationStill) (gpointer data, GError **error);

/* Sends the state of the machine behind QMP to SOCKET, where a receiver listens. On return the
 * machine is stopped, whether it was sent or not, unless it had failed before it was to be stopped;
 * "cont" makes it go on. After a failure that may take 1 s longer than DEADLINE. CANCEL must be
 * triggered when QEMU ends. VQ_ERROR_PEER with QEMU's reason if the machine cannot be sent. */
gboolean vq_live_migration_send (VqQmp *qmp, const char *socket, VqLiveMigrationStill still,
                                 gpointer data, gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Called when the receiver listens at SOCKET: makes the sender send. */
typedef gboolean (*VqLiveMigrationAsk) (const char *socket, gpointer data, GError **error);

/* Makes a machine that was started with -incoming defer listen at SOCKET, a path at which there is
 * nothing, calls ASK, and waits until all has arrived. The machine is paused then. After a failure
 * it cannot be used. */
gboolean vq_live_migration_receive (VqQmp *qmp, const char *socket, VqLiveMigrationAsk ask,
                                    gpointer data, gint64 deadline, VqCancel *cancel,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
