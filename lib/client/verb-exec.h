// SPDX-License-Identifier: GPL-2.0-or-later
/* "virt-qemu exec": runs a command in a machine. Its exit status is the command's, and if there is
 * none, one of those that env (1) and timeout (1) use. */
#pragma once

#include "verb/verb-error.h"

VqVerbStatus vq_verb_exec_run (const char *const *arguments);
