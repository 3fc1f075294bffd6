// SPDX-License-Identifier: GPL-2.0-or-later
/* Unpacks a tar stream from the guest into a directory on the host. The stream may be hostile, so
 * nothing in it can reach anything outside that directory. */
#pragma once

#include <glib.h>

/* Reads 1 to MAX bytes. Returns their number, 0 at the end, or -1 with *ERROR set. May run the main
 * context. */
typedef gssize (*VqArchiveRead) (gpointer data, void *buffer, gsize max, GError **error);

/* Unpacks what READ (DATA) gives into DIRECTORY, which exists; merges with what is there, but a
 * symlink in the way is replaced and never followed. Names keep the bytes that they have in the
 * archive if the process has not called setlocale; else libarchive changes them. Makes plain files
 * (sparse ones too), directories, symlinks and hard links to what is inside, with their times, and
 * owned by us. Their permissions are those that the umask allows; set-user-ID, set-group-ID and
 * sticky bits are dropped. Other kinds are left out with a message. Directories that were there
 * before, DIRECTORY too, stay as they are.
 *
 * Fails with VQ_ERROR_PEER if the stream is not a tar archive, is cut short, or names something
 * outside; with VQ_ERROR_FAILED if we cannot write; and with READ's error. What was unpacked before
 * that stays. */
gboolean vq_archive_reader_unpack (const char *directory, VqArchiveRead read, gpointer data,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same for a stream that holds one plain file, whatever its name. Its contents, with their
 * holes, go to FD, which must be an empty plain file. PATH is for messages. */
gboolean vq_archive_reader_unpack_file (int fd, const char *path, VqArchiveRead read, gpointer data,
                                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
