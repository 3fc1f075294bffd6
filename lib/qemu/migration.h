// SPDX-License-Identifier: GPL-2.0-or-later
/* Saves the state of a machine's devices to a file, and loads it (QEMU's docs/devel/migration). The
 * memory is not part of that state: it stays in the file that backs it (x-ignore-shared).
 *
 *   save: "migrate" to fd:NAME           QEMU --socket pair--> us --> file
 *   load: "migrate-incoming" from fd:NAME  file --> us --socket pair--> QEMU
 *
 * QEMU gets its end of the socket pair with "getfd", because its sandbox forbids exec:, and newer
 * versions refuse plain files. QEMU closes its end after the last byte; we close ours at the end of
 * the file. MIGRATION events tell how it went. The program must ignore SIGPIPE. */
#pragma once

#include "qemu/qmp.h"

/* The largest state that is saved or loaded, in bytes. A few MB are usual. */
#define VQ_MIGRATION_MAX (256 * 1024 * 1024)

/* Appends the state of the stopped machine to FILE, which stays the caller's. On success QEMU has
 * flushed and released its disks. On failure the migration has been stopped and the machine can go
 * on; that may take 1 s longer than DEADLINE. VQ_ERROR_PEER with QEMU's reason if the machine
 * cannot be saved. CANCEL must be triggered when QEMU ends. */
gboolean vq_migration_save (VqQmp *qmp, int file, gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Loads all of FILE as the state of a machine that was started with -incoming defer. The machine is
 * paused then. After a failure the machine cannot be used: usually QEMU has ended, because it does
 * so when it cannot load a state. CANCEL gets up to 1 s to give QEMU's reason. */
gboolean vq_migration_load (VqQmp *qmp, int file, gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
