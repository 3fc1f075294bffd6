// SPDX-License-Identifier: GPL-2.0-or-later
/* "virt-qemu file": copies files and trees into a machine and out of it. */
#pragma once

#include "verb/verb-error.h"

VqVerbStatus vq_verb_file_run (const char *const *arguments);
