// SPDX-License-Identifier: GPL-2.0-or-later
/* virt-qemu image update: upgrades the packages in an image of the cache. */
#pragma once

#include "verb/verb-error.h"

VqVerbStatus vq_verb_image_update_run (const char *const *arguments);
