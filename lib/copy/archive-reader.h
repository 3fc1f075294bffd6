// SPDX-License-Identifier: GPL-2.0-or-later
/* Unpacks a tar stream from the guest into a directory on the host. The stream may be hostile, so
 * nothing in it can reach anything outside that directory. */
#pragma once

#include <glib.h>

/* Reads 1 to MAX bytes. Returns their number, 0 at the end, or -1 with *ERROR set. May run the main
 * context. */
typedef gssize (*VqArchiveRead) (gpointer data, void *buffer, gsize max, GError **error);

/* Unpacks what READ (DATA) gives into DIRECTORY, which must exist, and merges it with what is
 * there. A symlink in the way is replaced and never followed. The process must not have called
 * setlocale, because libarchive would then change the bytes of names.
 *
 * Makes plain files (sparse ones too), directories, symlinks, and hard links to files inside. They
 * belong to us and get the times in the archive, and the permissions there as far as the umask
 * allows, without set-user-ID, set-group-ID and sticky bits. Other kinds are left out with a
 * message. Existing directories, DIRECTORY too, keep their permissions and times.
 *
 * Fails with VQ_ERROR_PEER if the stream is not a tar archive, is cut short, or names something
 * outside, with VQ_ERROR_FAILED if we cannot write, and with READ's error. What was unpacked before
 * that stays. */
gboolean vq_archive_reader_unpack (const char *directory, VqArchiveRead read, gpointer data,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same for a stream that holds one plain file, whatever its name. Its contents, with their
 * holes, go to FD, which must be an empty plain file. PATH is for messages. */
gboolean vq_archive_reader_unpack_file (int fd, const char *path, VqArchiveRead read, gpointer data,
                                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
