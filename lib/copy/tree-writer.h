// SPDX-License-Identifier: GPL-2.0-or-later
/* Makes files below one directory of this machine, and cannot reach anything else: each name is
 * taken one component at a time, from a descriptor of the directory that holds it, and a symlink is
 * never followed but replaced. For names that come from a hostile guest. Nor can another user who
 * may write in the tree lead us out of it: what has been opened is never again looked up by name to
 * be changed.
 *
 * What is new gets the permissions that it should have as far as the umask allows. Directories that
 * were there before keep theirs; one of ours that is closed to us is open to us while we write in
 * it.
 *
 * A NAME is relative and clean: components with one "/" between them, none of which is "." or "..";
 * the empty NAME is the directory itself. Directories on the way that are missing are made, and
 * what is in the way and is no directory is removed. What has NAME already is removed too, if it is
 * not a directory that becomes one again; a directory with something in it is not removed
 * (ENOTEMPTY).
 *
 * All functions that can fail set errno to say why. None waits for anything but the disk. */
#pragma once

#include <glib.h>
#include <sys/types.h>
#include <time.h>

typedef struct _VqTreeWriter VqTreeWriter;

/* DIRECTORY may be reached through symlinks: it is the user's. NULL with errno set if it cannot be
 * opened. */
VqTreeWriter *vq_tree_writer_new (const char *directory) G_GNUC_WARN_UNUSED_RESULT;

/* Also ends what vq_tree_writer_end does. */
void vq_tree_writer_free (VqTreeWriter *writer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqTreeWriter, vq_tree_writer_free)

/* Makes a directory with MODE, or takes the one that is there. One that was made gets MTIME when
 * the first name comes that is not below it; until then we may write in it, whatever MODE is. So
 * names should come with all of a directory together, as tar sends them. */
gboolean vq_tree_writer_add_directory (VqTreeWriter *writer, const char *name, mode_t mode,
                                       time_t mtime) G_GNUC_WARN_UNUSED_RESULT;

/* Makes an empty file with MODE; gives a descriptor to write to, which is the caller's, or -1. */
int vq_tree_writer_add_file (VqTreeWriter *writer, const char *name, mode_t mode)
    G_GNUC_WARN_UNUSED_RESULT;

gboolean vq_tree_writer_add_symlink (VqTreeWriter *writer, const char *name, const char *target,
                                     time_t mtime) G_GNUC_WARN_UNUSED_RESULT;

/* Another name for OLD, which is a NAME, too, and is reached without any symlink. */
gboolean vq_tree_writer_add_link (VqTreeWriter *writer, const char *name, const char *old)
    G_GNUC_WARN_UNUSED_RESULT;

/* Leaves the last directories with their modes and times. */
gboolean vq_tree_writer_end (VqTreeWriter *writer) G_GNUC_WARN_UNUSED_RESULT;
