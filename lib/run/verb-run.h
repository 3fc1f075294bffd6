// SPDX-License-Identifier: GPL-2.0-or-later
/* virt-qemu run: a test in a machine of its own. */
#pragma once

#include "verb/verb-error.h"

/* See verb.h. The result is the exit status, which is the test's. */
VqVerbStatus vq_verb_run_run (const char *const *arguments);
