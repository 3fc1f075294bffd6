// SPDX-License-Identifier: GPL-2.0-or-later
/* Directories of the host that are mounted in the guest (--shared-dir), each through a 9p device.
 * The devices exist from the start. But a machine with a mounted 9p file system cannot be saved, so
 * the guest mounts them only when it has been forked or booted, and after each reboot. */
#pragma once

#include <glib.h>

typedef struct
{
  char *source;      /* the host's directory, absolute */
  char *destination; /* the guest's mount point, absolute */
  gboolean writable;
} VqSharedDir;

/* Parses "src=PATH,dst=PATH[,rw]", with the parts in any order and each at most once. A part that
 * is none of these belongs, with its comma, to the path before it. Whether the directory exists is
 * not checked. Errors are VQ_ERROR_USAGE. Transfer full. */
VqSharedDir *vq_shared_dir_parse (const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void vq_shared_dir_free (VqSharedDir *dir);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqSharedDir, vq_shared_dir_free)

/* Fails with VQ_ERROR_USAGE unless the host's directory exists and we can read it. */
gboolean vq_shared_dir_check (const VqSharedDir *dir, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The name by which the guest mounts directory number INDEX. Transfer full. */
char *vq_shared_dir_build_tag (guint index);
