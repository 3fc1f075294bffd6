// SPDX-License-Identifier: GPL-2.0-or-later
/* Writes a file on the host under a temporary name in the same directory, and renames it when it is
 * complete. So nobody sees a half-written file, a failure leaves the old file, and nothing is
 * written through a symbolic or hard link that has the name already: the link is replaced, and its
 * target stays as it is. Symbolic links are followed only on the way to the directory. Waits only
 * for the disk. */
#pragma once

#include <glib.h>
#include <sys/types.h>

typedef struct _VqNewFile VqNewFile;

/* Begins the file PATH. If a plain file of ours has this name, its permissions are kept; otherwise
 * the umask decides. If PATH is a character device such as /dev/null, it is opened instead. Fails
 * if PATH is a directory or anything else that is not a plain file, or a symbolic link to such a
 * thing. */
VqNewFile *vq_new_file_open (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The descriptor to write the contents to. It belongs to FILE. */
int vq_new_file_get_fd (VqNewFile *file);

/* Closes the descriptor and renames the file to PATH. If this fails, the file is removed. In both
 * cases only vq_new_file_free may follow. */
gboolean vq_new_file_commit (VqNewFile *file, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Makes the file PATH with the N BYTES in one step. MODE is its permissions; 0: those of
 * vq_new_file_open. */
gboolean vq_new_file_write (const char *path, mode_t mode, const char *bytes, gsize n,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Also removes the file, unless it was committed. FILE may be NULL. */
void vq_new_file_free (VqNewFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqNewFile, vq_new_file_free)
