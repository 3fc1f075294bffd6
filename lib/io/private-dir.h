// SPDX-License-Identifier: GPL-2.0-or-later
/* A directory that nobody but its owner, who must be us, can change, held open: what is done in it
 * goes through the descriptor, and symbolic links in it are never followed. All paths are free of
 * links, too, for those who can only use paths. Nothing here waits but for the disk. */
#pragma once

#include <glib.h>
#include <sys/stat.h>

typedef struct _VqPrivateDir VqPrivateDir;

typedef enum
{
  VQ_PRIVATE_DIR_EXISTING,
  VQ_PRIVATE_DIR_CREATE, /* if it is not there; its parents too, all with mode 0700 */
} VqPrivateDirHow;

/* Opens PATH, where links are followed. Fails if it belongs to somebody else or if others may write
 * in it. */
VqPrivateDir *vq_private_dir_open (const char *path, VqPrivateDirHow how, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Opens the directory NAME in PARENT; it must be closed to others altogether. PARENT need not
 * outlive the result. VQ_ERROR_MISSING if nothing has that name. */
VqPrivateDir *vq_private_dir_open_child (VqPrivateDir *parent, const char *name, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The same whoever it belongs to and whoever may write in it: only to look at it and to remove it.
 */
VqPrivateDir *vq_private_dir_open_child_anyhow (VqPrivateDir *parent, const char *name,
                                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Makes it, with mode 0700; it must not be there. */
VqPrivateDir *vq_private_dir_make_child (VqPrivateDir *parent, const char *name, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

void vq_private_dir_free (VqPrivateDir *dir);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqPrivateDir, vq_private_dir_free)

int vq_private_dir_get_fd (VqPrivateDir *dir);

/* Absolute; valid until it is renamed. */
const char *vq_private_dir_get_path (VqPrivateDir *dir);

/* The path of NAME in it. Transfer full. */
char *vq_private_dir_join (VqPrivateDir *dir, const char *name);

/* Whether its path still leads to it: somebody may have renamed, removed or replaced it. */
gboolean vq_private_dir_is_current (VqPrivateDir *dir);

/* The names of all that is in it, in order. Transfer full. */
char **vq_private_dir_list (VqPrivateDir *dir, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The bytes on disk that its files take; what cannot be looked at counts as nothing. */
guint64 vq_private_dir_get_allocated (VqPrivateDir *dir);

/* Looks at NAME, which must be a plain file of ours that is closed to others. */
gboolean vq_private_dir_stat (VqPrivateDir *dir, const char *name, struct stat *st, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Opens NAME, a plain file; FLAGS are open's. Made with mode 0600 if FLAGS have O_CREAT. Returns -1
 * on failure. */
int vq_private_dir_open_file (VqPrivateDir *dir, const char *name, int flags, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* All of the file NAME, which must not be longer than MAX bytes. Transfer full, NUL-terminated. */
char *vq_private_dir_read (VqPrivateDir *dir, const char *name, gsize max, gsize *length,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Makes the file NAME, which must not be there. Leaves none if it fails. */
gboolean vq_private_dir_write (VqPrivateDir *dir, const char *name, const char *text,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Gives DIR, which is in PARENT, the name NAME; nothing but an empty directory may have it now. */
gboolean vq_private_dir_rename (VqPrivateDir *dir, VqPrivateDir *parent, const char *name,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Removes the directory NAME, if it is there, and the files in it; the one called LAST (may be
 * NULL) after all others. Fails if there are directories in it. */
gboolean vq_private_dir_remove_child (VqPrivateDir *parent, const char *name, const char *last,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
