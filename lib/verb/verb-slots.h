// SPDX-License-Identifier: GPL-2.0-or-later
/* "virt-qemu slots": the slots of this host, and who has them. */
#pragma once

#include "verb/verb-error.h"

/* See VqVerb. */
VqVerbStatus vq_verb_slots_run (const char *const *arguments);
