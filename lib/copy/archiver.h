// SPDX-License-Identifier: GPL-2.0-or-later
/* Runs virt-qemu-archive, the program that makes or unpacks the tar stream of a copy, between files
 * of this machine and a command in the guest. Its arguments:
 *
 *   virt-qemu-archive pack STREAM-FD DIRECTORY
 *   virt-qemu-archive unpack STREAM-FD DIRECTORY
 *   virt-qemu-archive pack-file STREAM-FD PATH FD NAME
 *   virt-qemu-archive unpack-file STREAM-FD PATH FD
 *
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

/* Does it to the end of the archive. WORD is one of the above; FD -1 and NAME NULL where there are
 * none; the descriptors stay the caller's. Waits until DEADLINE or CANCEL, at which the program is
 * killed. The error is what the program says. */
gboolean vq_archiver_run (const char *word, int stream_fd, const char *path, int fd,
                          const char *name, gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
