// SPDX-License-Identifier: GPL-2.0-or-later
/* Describes disks to QEMU as block nodes (-blockdev), one for each file and one for its format, so
 * that QEMU opens what was checked and nothing else: it guesses no format, and follows no name that
 * is written in an image. */
#pragma once

#include <glib.h>

#include "image/image.h"

/* Without auto-read-only=off, QEMU might open a file for writing in spite of "read-only". */
#define VQ_BLOCK_NODES_READ_ONLY "read-only=on,auto-read-only=off"

/* Adds the options for IMAGE to ARGV, all of it for reading only. NAME becomes the name of the node
 * for a device or for an overlay; the nodes of backing files and of the files themselves are called
 * NAME-1, NAME-2, ... and NAME-file, ... */
void vq_block_nodes_add_image (GPtrArray *argv, const char *name, const VqImage *image);

/* Adds the options for the qcow2 image PATH, whose backing file is the node BACKING. It
 * may be NULL for an image that we have made without one. OPTIONS are more options for both of its
 * nodes, for example VQ_BLOCK_NODES_READ_ONLY. */
void vq_block_nodes_add_overlay (GPtrArray *argv, const char *name, const char *path,
                                 const char *backing, const char *options);

/* Adds the options for the raw image PATH, for reading only. */
void vq_block_nodes_add_raw (GPtrArray *argv, const char *name, const char *path);
