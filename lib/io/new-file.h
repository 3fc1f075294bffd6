// SPDX-License-Identifier: GPL-2.0-or-later
/* A file of this machine that gets its contents under a temporary name in the same directory, and
 * takes its place when it is complete. So nobody sees half of it, a failure leaves what was there
 * before, and nothing is written through a symbolic or hard link that has the name already: the
 * link is replaced, and what it leads to stays as it is. Only the directory may be reached through
 * symbolic links. Waits only for the disk. */
#pragma once

#include <glib.h>

typedef struct _VqNewFile VqNewFile;

/* Begins the file PATH. It gets the permissions of the plain file of ours that has this name, or
 * else those that the umask leaves. A character device, such as /dev/null, is opened instead. Fails
 * at a directory, at what is neither a file nor such a device, and at a symbolic link to any of
 * them. */
VqNewFile *vq_new_file_open (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Where the contents go: empty, open for writing. It stays FILE's. */
int vq_new_file_get_fd (VqNewFile *file);

/* Closes the descriptor and puts the file in its place. Nothing but vq_new_file_free may follow,
 * also if this fails; then the file is removed. */
gboolean vq_new_file_commit (VqNewFile *file, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Also removes the file, unless it was committed. FILE may be NULL. */
void vq_new_file_free (VqNewFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqNewFile, vq_new_file_free)
