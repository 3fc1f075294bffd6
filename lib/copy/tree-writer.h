// SPDX-License-Identifier: GPL-2.0-or-later
/* Makes files below one directory on the host, and cannot reach anything outside it. It is for
 * names that come from a hostile guest. Each component of a name is opened by itself, from a
 * descriptor of the directory that holds it, and symlinks are replaced and never followed. Another
 * user who can write in the tree cannot lead us out of it either, because a thing that we have
 * opened is never looked up by its name again.
 *
 * New files get their permissions as far as the umask allows. Existing directories keep theirs. If
 * a directory of ours does not let us write, we change that only while we write in it.
 *
 * A NAME is relative and clean: its components have one "/" between them, and none is "." or "..".
 * The empty NAME is the directory itself. Missing directories on the way are made, and anything
 * else in their place is removed. What has NAME already is removed too, unless it is a directory
 * and becomes one again. A directory that is not empty is not removed (ENOTEMPTY).
 *
 * All functions that can fail set errno to say why. None waits for anything but the disk. */
#pragma once

#include <glib.h>
#include <sys/types.h>
#include <time.h>

typedef struct _VqTreeWriter VqTreeWriter;

/* DIRECTORY may be reached through symlinks, because the user has named it. Returns NULL with errno
 * set if it cannot be opened. */
VqTreeWriter *vq_tree_writer_new (const char *directory) G_GNUC_WARN_UNUSED_RESULT;

/* Also does what vq_tree_writer_end does. */
void vq_tree_writer_free (VqTreeWriter *writer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqTreeWriter, vq_tree_writer_free)

/* Makes a directory with MODE, or takes the existing one. A new directory gets its MTIME and MODE
 * when the first name comes that is not below it; until then we can write in it, whatever MODE is.
 * So all names in a directory should come together, as tar sends them. */
gboolean vq_tree_writer_add_directory (VqTreeWriter *writer, const char *name, mode_t mode,
                                       time_t mtime) G_GNUC_WARN_UNUSED_RESULT;

/* Makes an empty file with MODE. Returns a descriptor to write to, which belongs to the caller, or
 * -1. */
int vq_tree_writer_add_file (VqTreeWriter *writer, const char *name, mode_t mode)
    G_GNUC_WARN_UNUSED_RESULT;

gboolean vq_tree_writer_add_symlink (VqTreeWriter *writer, const char *name, const char *target,
                                     time_t mtime) G_GNUC_WARN_UNUSED_RESULT;

/* Makes NAME a hard link to OLD, which is another name in this tree. No symlinks are followed on
 * the way to OLD. */
gboolean vq_tree_writer_add_link (VqTreeWriter *writer, const char *name, const char *old)
    G_GNUC_WARN_UNUSED_RESULT;

/* Gives the last directories their modes and times. */
gboolean vq_tree_writer_end (VqTreeWriter *writer) G_GNUC_WARN_UNUSED_RESULT;
