// SPDX-License-Identifier: GPL-2.0-or-later
/* Packs a directory on the host into a tar stream, which a tar in the guest unpacks. */
#pragma once

#include <glib.h>
#include <sys/types.h>

/* Writes all LEN bytes, or fails. May run the main context. */
typedef gboolean (*VqArchiveWrite) (gpointer data, const void *bytes, gsize len, GError **error);

/* Writes the tree under DIRECTORY to WRITE (DATA), in blocks of at most 64 KiB, in the pax format
 * of POSIX.1-2001 with GNU tar's extension for sparse files. Names begin with "./". The process
 * must not have called setlocale, because libarchive would then convert the bytes of names. As with
 * tar, symlinks, hard links, FIFOs and devices are sent as such, and sockets are left out. The
 * guest is not told who owns the files.
 *
 * Fails at the first file that cannot be read, or that gets shorter while it is read, with its
 * name, and with WRITE's error. If a file grows meanwhile, only its first part is sent. */
gboolean vq_archive_writer_pack (const char *directory, VqArchiveWrite write, gpointer data,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same for a single plain file, FD. In the archive it is "./NAME" with the permissions MODE.
 * PATH is for messages. FD stays open; its offset is undefined afterwards. */
gboolean vq_archive_writer_pack_file (int fd, const char *path, const char *name, mode_t mode,
                                      VqArchiveWrite write, gpointer data, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
