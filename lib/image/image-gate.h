// SPDX-License-Identifier: GPL-2.0-or-later
/* The check that every disk image must pass before QEMU or qemu-img sees it. An image is not
 * trusted: its header could name any file that the user can read, and a guest could then read that
 * file.
 *
 * An image may consist of one file, and may have backing files in its own directory and below, or
 * in directories that the user has allowed. What counts is the real path of a file, with all
 * symbolic links followed. Everything else is refused: data files and extents in other files,
 * backing files elsewhere, and names that QEMU does not take for a path ("json:..." and
 * "PROTOCOL:..."). So is an encrypted image, because there is no way to give QEMU the key.
 *
 * A backing file whose format is recorded as raw is opened as raw, whatever it looks like, because
 * QEMU does the same, and a raw disk names no files. Any other recorded format must match the
 * file's own header. If none is recorded, the file's header decides.
 *
 * To make sure that QEMU opens exactly what was checked, give it the whole chain with the path and
 * format of each file, and nothing below the last one ("backing": null). QEMU then follows no name
 * in a header and guesses no format. A user who can replace the files in the meantime is
 * trusted. */
#pragma once

#include <glib.h>

#include "image/image-header.h"

/* One file of a chain. */
typedef struct
{
  char *path;               /* absolute, without symbolic links */
  const char *protocol;     /* QEMU's driver for the file itself: "file" or "host_device" */
  const char *format;       /* as QEMU names it */
  guint64 virtual_size;     /* the size that a guest would see, in bytes */
  VqImageContents contents; /* only for raw */
} VqImageGateFile;

/* Checks the image PATH, which may be a symbolic link, and its whole chain of backing files.
 * ALLOWED are the directories of --allow-backing, with NULL at the end. Returns the files
 * (VqImageGateFile) from PATH down to the one without a backing file. Fails with VQ_ERROR_USAGE and
 * one line for the user that says which file names which, and which option would allow it, if there
 * is one. Reads a little of each file, and waits for nothing else. Transfer full. */
GPtrArray *vq_image_gate_check (const char *path, const char *const *allowed, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The same for PATH, which must be a LUKS1 volume; who uses it has the key. */
GPtrArray *vq_image_gate_check_luks (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
