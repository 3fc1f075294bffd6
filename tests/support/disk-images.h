// SPDX-License-Identifier: GPL-2.0-or-later
/* For fixtures: a temporary directory with disk images, and a qemu-img that can be replaced. */
#pragma once

#include "image/image.h"

/* The directory. */
extern char *images_dir;

/* For a checked fixture. The end restores PATH and asserts that no child is left. */
void images_begin (void);
void images_end (void);

/* The path of NAME in the directory. Transfer full. */
char *images_join (const char *name);

/* Makes a file of SIZE zeros, with the mark of a boot sector if there is room for it. Returns its
 * path; transfer full. */
char *images_put_raw (const char *name, gsize size);

/* Makes an image of 8 MiB with qemu-img, or an overlay on the qcow2 image BACKING (may be NULL).
 * Returns its path; transfer full. */
char *images_put (const char *name, const char *format, const char *backing);

/* Inspects PATH, which must succeed. */
VqImage *images_inspect (const char *path, VqImageUse use);

/* The image's own file. */
const VqImageGateFile *images_get_file (const VqImage *image);

/* Makes a qemu-img that runs SCRIPT, and puts it first on PATH. */
void images_fake_qemu_img (const char *script);
