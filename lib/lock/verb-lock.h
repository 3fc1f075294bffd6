// SPDX-License-Identifier: GPL-2.0-or-later
/* The verbs for machines that people and schedulers share: lock makes some for somebody, unlock
 * destroys them, update notes something about them. */
#pragma once

#include "verb/verb-error.h"

/* See the member run of VqVerb. */
VqVerbStatus vq_verb_lock_run (const char *const *arguments);
VqVerbStatus vq_verb_lock_unlock (const char *const *arguments);
VqVerbStatus vq_verb_lock_update (const char *const *arguments);
