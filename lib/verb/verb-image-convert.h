// SPDX-License-Identifier: GPL-2.0-or-later
/* virt-qemu image convert: copies a disk image in another format. */
#pragma once

#include "verb/verb-error.h"

VqVerbStatus vq_verb_image_convert_run (const char *const *arguments);
