// SPDX-License-Identifier: GPL-2.0-or-later
/* The verb console: an instance's serial console on our terminal. */
#pragma once

#include "verb/verb.h"

/* ARGUMENTS are those after the verb, with NULL at the end. Waits until the user leaves, or the
 * machine ends. */
VqVerbStatus vq_verb_console_run (const char *const *arguments);
