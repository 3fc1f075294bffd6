// SPDX-License-Identifier: GPL-2.0-or-later
/* virt-qemu image list, remove and prune: the images that were fetched. */
#pragma once

#include "verb/verb-error.h"

VqVerbStatus vq_verb_image_cache_list (const char *const *arguments);
VqVerbStatus vq_verb_image_cache_remove (const char *const *arguments);
VqVerbStatus vq_verb_image_cache_prune (const char *const *arguments);
