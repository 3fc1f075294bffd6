// SPDX-License-Identifier: GPL-2.0-or-later
/* virt-qemu image pull: fetches images from the network. */
#pragma once

#include "verb/verb-error.h"

VqVerbStatus vq_verb_image_pull_run (const char *const *arguments);
