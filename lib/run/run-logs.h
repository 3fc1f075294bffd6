// SPDX-License-Identifier: GPL-2.0-or-later
/* The directory with what is left of a test: test.log, its output; the directory log, with the
 * files that it has put into the guest's /mnt/log; and "success", if it has succeeded. The
 * machine's own logs come into the same directory (guest/boot-evidence.h). */
#pragma once

#include "channel/channel.h"

/* What is in it. */
#define VQ_RUN_LOGS_OUTPUT "test.log"
#define VQ_RUN_LOGS_SUCCESS "success"
#define VQ_RUN_LOGS_SCREEN "screen.png"
#define VQ_RUN_LOGS_FILES "log"

/* Makes DIRECTORY if it is not there, and removes what an earlier test has left under these names.
 * Returns the open test.log, or -1. */
int vq_run_logs_begin (const char *directory, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Fetches the files of the guest, which replace those of the same names. Waits until DEADLINE. */
gboolean vq_run_logs_collect (const char *directory, VqChannel *channel, gint64 deadline,
                              VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Keeps a picture of the screen of the QEMU whose monitor is the socket QMP, if it has one. Waits
 * for QEMU, some seconds at most. */
void vq_run_logs_keep_screen (const char *directory, const char *qmp);

/* Makes the file that says that the test has succeeded. */
gboolean vq_run_logs_mark_success (const char *directory, GError **error) G_GNUC_WARN_UNUSED_RESULT;
