// SPDX-License-Identifier: GPL-2.0-or-later
/* The verbs that make an instance: create, and launch, which starts it, too. */
#pragma once

#include "verb/verb-error.h"

/* See the member run of VqVerb. */
VqVerbStatus vq_verb_launch_run (const char *const *arguments);
VqVerbStatus vq_verb_launch_create (const char *const *arguments);
