// SPDX-License-Identifier: GPL-2.0-or-later
/* A private directory of mode 0700, for a testbed's sockets, firmware variables and overlay. It is
 * removed even if we are killed: a small process of ours, the janitor, waits until we are gone and
 * then removes it. */
#pragma once

#include <glib.h>

typedef struct _VqWorkdir VqWorkdir;

/* Makes the directory in PARENT. If PARENT is NULL, it is made in $TMPDIR or /tmp and will hold
 * sockets, so this fails if its path would be too long for them. */
VqWorkdir *vq_workdir_new (const char *parent, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Removes the directory with everything in it. Does not wait. */
void vq_workdir_free (VqWorkdir *workdir);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqWorkdir, vq_workdir_free)

const char *vq_workdir_get_path (VqWorkdir *workdir);

/* The path of NAME in it. Transfer full. */
char *vq_workdir_join (VqWorkdir *workdir, const char *name);

/* Removes this user's directories in PARENT (NULL: as above) whose process and janitor have both
 * been killed. All other directories are left alone. Does not wait, and reports no failure. */
void vq_workdir_sweep (const char *parent);
