// SPDX-License-Identifier: GPL-2.0-or-later
/* The verbs that show instances: list, and info about one; and prune, which removes those that
 * nobody will miss, and shows which. */
#pragma once

#include "verb/verb-error.h"

/* See the member run of VqVerb. */
VqVerbStatus vq_verb_list_run (const char *const *arguments);
VqVerbStatus vq_verb_list_info (const char *const *arguments);
VqVerbStatus vq_verb_list_prune (const char *const *arguments);
