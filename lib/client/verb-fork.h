// SPDX-License-Identifier: GPL-2.0-or-later
/* The verb fork: makes an instance that is a copy of one that runs. */
#pragma once

#include "verb/verb.h"

/* ARGUMENTS are those after the verb, with NULL at the end. Waits until the new instance is
 * ready. */
VqVerbStatus vq_verb_fork_run (const char *const *arguments);
