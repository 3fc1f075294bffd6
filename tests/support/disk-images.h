// SPDX-License-Identifier: GPL-2.0-or-later
/* For fixtures: a temporary directory with disk images in it, and what qemu-img does. */
#pragma once

#include "image/image.h"

/* The directory. */
extern char *images_dir;

/* For a checked fixture. PATH is afterwards what it was, and no child may be left. */
void images_begin (void);
void images_end (void);

/* The path of NAME in the directory. Transfer full. */
char *images_join (const char *name);

/* Makes a file of SIZE zeros, with a boot sector's mark if it has room for one. Returns its path;
 * transfer full. */
char *images_put_raw (const char *name, gsize size);

/* Makes an image of 8 MiB with qemu-img, or of BACKING's size on top of that (may be NULL), a
 * qcow2 image. Returns its path; transfer full. */
char *images_put (const char *name, const char *format, const char *backing);

/* Inspects PATH, which must be good. */
VqImage *images_inspect (const char *path, VqImageUse use);

/* Puts a qemu-img of our own first on PATH that runs SCRIPT. */
void images_fake_qemu_img (const char *script);
