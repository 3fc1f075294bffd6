// SPDX-License-Identifier: GPL-2.0-or-later
/* The gate that every disk image goes through before QEMU or qemu-img sees it. An image is not to
 * be trusted: it could name any file that its user can read, and a guest would read it then.
 *
 * Allowed is an image in one file, on top of backing files in its own directory and below, or in
 * directories that the user allowed. Where a file is, is where its path leads once all symbolic
 * links in it are followed. Refused are data files and extents in other files, backing files
 * elsewhere, and names that QEMU does not take for a path: "json:..." and "PROTOCOL:...".
 *
 * A backing file whose format is recorded as raw is opened as raw, whatever it looks like: that is
 * what QEMU does, and a raw disk names no files. Any other recorded format must be what the file's
 * own header says, and if none is recorded, the file's header alone counts.
 *
 * What was checked is what is opened, if the whole chain is given to QEMU with each path and format
 * named, and nothing under the last one ("backing": null). Then QEMU follows no name in a header
 * and guesses no format. Who can replace the files meanwhile is trusted. */
#pragma once

#include <glib.h>

#include "image/image-header.h"

/* One file of a chain. */
typedef struct
{
  char *path;           /* absolute, without symbolic links */
  const char *format;   /* as QEMU names it */
  guint64 virtual_size; /* what a guest would see of this file, in bytes */
  gboolean is_encrypted;
  VqImageContents contents; /* only for raw */
} VqImageGateFile;

/* Checks the image PATH, which may be a symbolic link, and all files under it. ALLOWED are the
 * directories of --allow-backing, NULL at the end. Returns the files, VqImageGateFile, from PATH
 * down to the one that has no backing file. Fails with VQ_ERROR_USAGE and one line for the user
 * that says which file names which, and which option allows it, if one does. Reads a little of each
 * file, and waits for nothing else. Transfer full. */
GPtrArray *vq_image_gate_check (const char *path, const char *const *allowed, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
