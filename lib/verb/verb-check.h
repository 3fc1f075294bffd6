// SPDX-License-Identifier: GPL-2.0-or-later
/* "virt-qemu check": says what this host can do. */
#pragma once

#include "verb/verb-error.h"

VqVerbStatus vq_verb_check_run (const char *const *arguments);
