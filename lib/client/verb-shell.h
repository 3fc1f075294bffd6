// SPDX-License-Identifier: GPL-2.0-or-later
/* "virt-qemu shell": a login shell in a machine. Its exit status is as that of exec. */
#pragma once

#include "verb/verb-error.h"

VqVerbStatus vq_verb_shell_run (const char *const *arguments);
