// SPDX-License-Identifier: GPL-2.0-or-later
/* An open directory that belongs to us and that nobody else can change. Files in it are reached
 * through its descriptor, and symbolic links in it are never followed. Its path contains no
 * symbolic links either, for programs that can only use paths. Nothing here waits except for the
 * disk. */
#pragma once

#include <glib.h>
#include <sys/stat.h>

typedef struct _VqPrivateDir VqPrivateDir;

typedef enum
{
  VQ_PRIVATE_DIR_EXISTING,
  VQ_PRIVATE_DIR_CREATE, /* make it, and its parents, with mode 0700 if it does not exist */
} VqPrivateDirHow;

/* Opens PATH; symbolic links on the way are followed. Fails if the directory belongs to another
 * user or others may write to it, or if another user could replace a directory above it: because it
 * belongs to one who is not root, or others may write to it and it is not sticky (as sshd's
 * StrictModes). */
VqPrivateDir *vq_private_dir_open (const char *path, VqPrivateDirHow how, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Opens the directory NAME in PARENT, which must give others no permissions at all. PARENT need not
 * outlive the result. VQ_ERROR_MISSING if NAME does not exist. */
VqPrivateDir *vq_private_dir_open_child (VqPrivateDir *parent, const char *name, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The same without these checks, only to look at the directory or to remove it. */
VqPrivateDir *vq_private_dir_open_child_anyhow (VqPrivateDir *parent, const char *name,
                                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Makes the directory NAME with mode 0700; it must not exist. */
VqPrivateDir *vq_private_dir_make_child (VqPrivateDir *parent, const char *name, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

void vq_private_dir_free (VqPrivateDir *dir);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqPrivateDir, vq_private_dir_free)

int vq_private_dir_get_fd (VqPrivateDir *dir);

/* The absolute path, valid until the directory is renamed. */
const char *vq_private_dir_get_path (VqPrivateDir *dir);

/* The path of NAME in it. Transfer full. */
char *vq_private_dir_join (VqPrivateDir *dir, const char *name);

/* Whether its path still leads to this directory. Somebody may have renamed, removed or replaced
 * it. If we cannot look, it does not, and errno says why. */
gboolean vq_private_dir_is_current (VqPrivateDir *dir);

/* The names of everything in it, sorted. Transfer full. */
char **vq_private_dir_list (VqPrivateDir *dir, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The bytes that its files take on the disk. Files that cannot be looked at count as nothing. */
guint64 vq_private_dir_get_allocated (VqPrivateDir *dir);

/* Gives the status of NAME, which must be a plain file that belongs to us and gives others no
 * permissions. */
gboolean vq_private_dir_stat (VqPrivateDir *dir, const char *name, struct stat *st, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Opens the plain file NAME with the flags of open (2). With O_CREAT it is made with mode 0600.
 * Returns -1 on failure. */
int vq_private_dir_open_file (VqPrivateDir *dir, const char *name, int flags, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Reads the whole file NAME, which may have at most MAX bytes. Transfer full, NUL-terminated. */
char *vq_private_dir_read (VqPrivateDir *dir, const char *name, gsize max, gsize *length,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Writes TEXT to the new file NAME, which must not exist. Leaves no file if it fails. */
gboolean vq_private_dir_write (VqPrivateDir *dir, const char *name, const char *text,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Renames DIR, which is in PARENT, to NAME. NAME may at most exist as an empty directory. */
gboolean vq_private_dir_rename (VqPrivateDir *dir, VqPrivateDir *parent, const char *name,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Removes the directory NAME and the files in it, if it exists. The file LAST (may be NULL) is
 * removed after all others. Fails if NAME contains directories. */
gboolean vq_private_dir_remove_child (VqPrivateDir *parent, const char *name, const char *last,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
