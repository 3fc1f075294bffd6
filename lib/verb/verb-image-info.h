// SPDX-License-Identifier: GPL-2.0-or-later
/* virt-qemu image info: what a disk image is, as its header and qemu-img say. */
#pragma once

#include "verb/verb-error.h"

VqVerbStatus vq_verb_image_info_run (const char *const *arguments);
