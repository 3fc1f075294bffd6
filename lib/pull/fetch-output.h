// SPDX-License-Identifier: GPL-2.0-or-later
/* The file that virt-qemu-fetch writes, and the digests of its contents. Hashing has a thread of
 * its own, so that it costs no time where the network is slower than it. */
#pragma once

#include <glib.h>

typedef struct _VqFetchOutput VqFetchOutput;

/* Writes to FD, which stays the caller's. WANTS_SHA512: besides SHA-256. Threads cannot be made
 * any more after vq_confine_process, so this comes first. */
VqFetchOutput *vq_fetch_output_new (int fd, gboolean wants_sha512);
void vq_fetch_output_free (VqFetchOutput *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqFetchOutput, vq_fetch_output_free)

/* Begins with the first SIZE bytes that are in the file already; what follows them is cut off. Must
 * be called before anything else, and may be called again to begin anew. */
gboolean vq_fetch_output_begin (VqFetchOutput *self, guint64 size, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Appends N BYTES. */
gboolean vq_fetch_output_write (VqFetchOutput *self, const void *bytes, gsize n, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The size of the file with all that was written. */
guint64 vq_fetch_output_get_size (const VqFetchOutput *self);

/* Writes what is still in memory, also where the whole has failed. */
gboolean vq_fetch_output_flush (VqFetchOutput *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* After the flush: waits until all is on the disk. */
gboolean vq_fetch_output_sync (VqFetchOutput *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* After the flush: the digests in hexadecimal; *SHA512 is NULL if it was not wanted. Waits for the
 * thread. Transfer full. */
void vq_fetch_output_finish (VqFetchOutput *self, char **sha256, char **sha512);
