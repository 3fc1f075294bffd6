// SPDX-License-Identifier: GPL-2.0-or-later
/* The verb stats: what an instance takes of the host, and what the host has. */
#pragma once

#include "verb/verb-error.h"

/* See the member run of VqVerb. */
VqVerbStatus vq_verb_stats_run (const char *const *arguments);
