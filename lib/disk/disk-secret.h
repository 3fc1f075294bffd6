// SPDX-License-Identifier: GPL-2.0-or-later
/* The key of an encrypted disk. It is only in our memory, and goes to other processes through
 * descriptors: it is never in a command line, in a log or in a file of ours. */
#pragma once

#include <glib.h>

typedef struct _VqDiskSecret VqDiskSecret;

/* Reads the key from the file PATH: all of it, as cryptsetup's --key-file does. QEMU takes only
 * text in UTF-8 without zero bytes. All errors are VQ_ERROR_USAGE. Waits only for the disk. */
VqDiskSecret *vq_disk_secret_read (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A key that nobody can guess. */
VqDiskSecret *vq_disk_secret_new_random (GError **error) G_GNUC_WARN_UNUSED_RESULT;

VqDiskSecret *vq_disk_secret_ref (VqDiskSecret *secret);
void vq_disk_secret_unref (VqDiskSecret *secret);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqDiskSecret, vq_disk_secret_unref)

/* A descriptor, without a name anywhere, from which /dev/fd/N reads the key. The caller closes it.
 * Returns -1 on failure. */
int vq_disk_secret_open (const VqDiskSecret *secret, GError **error) G_GNUC_WARN_UNUSED_RESULT;
