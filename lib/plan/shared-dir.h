// SPDX-License-Identifier: GPL-2.0-or-later
/* Directories of the host in the guest (--shared-dir): a 9p device each. The devices are there from
 * the start, but what is mounted cannot be saved: the guest mounts them when it has been forked or
 * booted, and after each reboot. */
#pragma once

#include <glib.h>

typedef struct
{
  char *source;      /* the host's directory, absolute */
  char *destination; /* the guest's mount point, absolute */
  gboolean writable;
} VqSharedDir;

/* Parses "src=PATH,dst=PATH[,rw]": the parts in any order, each once; a part of no other meaning
 * belongs, with its comma, to the path before it. Whether the directory exists is not looked at.
 * VQ_ERROR_USAGE. Transfer full. */
VqSharedDir *vq_shared_dir_parse (const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void vq_shared_dir_free (VqSharedDir *dir);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqSharedDir, vq_shared_dir_free)

/* Whether the host's directory is one that we can read. VQ_ERROR_USAGE if not. */
gboolean vq_shared_dir_check (const VqSharedDir *dir, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The name under which the guest finds the INDEXth directory. Transfer full. */
char *vq_shared_dir_build_tag (guint index);
