// SPDX-License-Identifier: GPL-2.0-or-later
/* virt-qemu events: a line for each thing that happens to instances. */
#pragma once

#include "verb/verb-error.h"

VqVerbStatus vq_verb_events_run (const char *const *arguments);
