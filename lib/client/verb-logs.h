// SPDX-License-Identifier: GPL-2.0-or-later
/* The verb logs: what the guest of an instance has written to its console, and what its supervisor
 * has said. */
#pragma once

#include "verb/verb-error.h"

/* See the member run of VqVerb. */
VqVerbStatus vq_verb_logs_run (const char *const *arguments);
