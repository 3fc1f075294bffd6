// SPDX-License-Identifier: GPL-2.0-or-later
/* Builds the image of an operating system, with the program virt-qemu-build. */
#pragma once

#include "base/wait.h"
#include "image/os-name.h"

typedef struct
{
  const char *const *words; /* options of virt-qemu-build, with NULL at the end; NULL: none */
  const char *output;       /* the new file; NULL: the one in the cache */
  gboolean replace;         /* build it anew if it is there */
} VqImageBuildOptions;

/* Gives the path of the image, which is built if it is not there. That takes minutes, and each step
 * is told on stderr. If another process is building the one in the cache, waits for that. The file
 * has its name only when it is complete; until then it is PATH.virt-qemu.part, which is removed if
 * this fails or is cancelled.
 *
 * VQ_ERROR_EXISTS: it is there, so the options would have no effect. VQ_ERROR_NO_ROOM: a disk is
 * full. The error says which packages are missing, or whether the mirror does not answer. */
char *vq_image_build (const VqOsName *os, const VqImageBuildOptions *options, VqCancel *cancel,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
