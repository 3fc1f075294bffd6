// SPDX-License-Identifier: GPL-2.0-or-later
/* A machine's device state, on its way into a file and back (QEMU's docs/devel/migration). The
 * memory is not part of it: it stays in the file that backs it (x-ignore-shared).
 *
 *   save: "migrate" to fd:NAME           QEMU --socket pair--> us --> file
 *   load: "migrate-incoming" from fd:NAME  file --> us --socket pair--> QEMU
 *
 * QEMU gets its end of the pair with "getfd": its sandbox forbids exec:, and newer ones take no
 * plain files. QEMU closes its end when it has said all, we close ours at the end of the file. How
 * it went is told by the MIGRATION events. The program must ignore SIGPIPE. */
#pragma once

#include "qemu/qmp.h"

/* The longest state that is saved or loaded, in bytes. A few MB are usual. */
#define VQ_MIGRATION_MAX (256 * 1024 * 1024)

/* Appends the state of the stopped machine to FILE, which stays the caller's. On success QEMU has
 * flushed and released its disks. On failure nothing is under way any more and the machine can go
 * on; for that this may wait 1 s longer than DEADLINE. VQ_ERROR_PEER with QEMU's reason if it
 * cannot be saved. CANCEL must be triggered when QEMU ends. */
gboolean vq_migration_save (VqQmp *qmp, int file, gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Gives a machine that waits for it (-incoming defer) the state that FILE holds from its beginning
 * to its end. The machine is then paused. After a failure it is of no use, and mostly gone: QEMU
 * ends itself when it does not like the state, and CANCEL gets up to 1 s to tell. */
gboolean vq_migration_load (VqQmp *qmp, int file, gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
