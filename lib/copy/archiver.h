// SPDX-License-Identifier: GPL-2.0-or-later
/* Runs virt-qemu-archive, the program that makes or unpacks the tar stream of a copy, between files
 * of this machine and a command in the guest. Its arguments:
 *
 *   virt-qemu-archive pack STREAM-FD DIRECTORY
 *   virt-qemu-archive unpack STREAM-FD DIRECTORY
 *   virt-qemu-archive pack-file STREAM-FD PATH FD NAME
 *   virt-qemu-archive unpack-file STREAM-FD PATH FD
 *
 * It writes the length of the stream to its stdout, in decimal digits.
 * FD is the open file PATH; archive-writer.h and archive-reader.h say what is done. */
#pragma once

#include <glib.h>

#include "base/wait.h"

#define VQ_ARCHIVER_PACK "pack"
#define VQ_ARCHIVER_UNPACK "unpack"
#define VQ_ARCHIVER_PACK_FILE "pack-file"
#define VQ_ARCHIVER_UNPACK_FILE "unpack-file"

/* Its exit status is 0, or one of these. */
enum
{
  VQ_ARCHIVER_FAILED = 1,
  VQ_ARCHIVER_GUEST_WRONG = 2, /* VQ_ERROR_PEER: it is the guest's fault */
};

/* Runs the program and waits for its end. WORD is one of those above. FD is -1 and NAME is NULL if
 * WORD does not need them. The descriptors stay the caller's. The length of the stream is added to
 * *BYTES. The program is killed at DEADLINE or
 * when CANCEL is triggered. If it fails, the error is its last line. */
gboolean vq_archiver_run (const char *word, int stream_fd, const char *path, int fd,
                          const char *name, guint64 *bytes, gint64 deadline, VqCancel *cancel,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
