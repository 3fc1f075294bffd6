// SPDX-License-Identifier: GPL-2.0-or-later
/* A private directory of mode 0700, for a testbed's sockets, its firmware variables, its overlay.
 * It goes away with us even if we are killed: a small process of ours waits for our end
 * and removes it then. */
#pragma once

#include <glib.h>

typedef struct _VqWorkdir VqWorkdir;

/* Makes the directory below PARENT; with NULL below $TMPDIR (else /tmp), for sockets: then it
 * fails if its path would be too long for them. */
VqWorkdir *vq_workdir_new (const char *parent, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Removes it and all in it; does not wait. */
void vq_workdir_free (VqWorkdir *workdir);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqWorkdir, vq_workdir_free)

const char *vq_workdir_get_path (VqWorkdir *workdir);

/* The path of NAME in it. Transfer full. */
char *vq_workdir_join (VqWorkdir *workdir, const char *name);

/* Removes what is left below PARENT (NULL: as above) of directories of this user whose process and
 * whose janitor have both been killed. Others are left alone, those of running processes too. Does
 * not wait, tells no failure. */
void vq_workdir_sweep (const char *parent);
