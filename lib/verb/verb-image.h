// SPDX-License-Identifier: GPL-2.0-or-later
/* virt-qemu image: looks at disk images; converts, fetches and builds them. Its verbs are modules
 * of their own. */
#pragma once

#include "verb/verb-error.h"

VqVerbStatus vq_verb_image_run (const char *const *arguments);
