// SPDX-License-Identifier: GPL-2.0-or-later
/* "virt-qemu template": lists the templates in the cache, and removes them. */
#pragma once

#include "verb/verb-error.h"

VqVerbStatus vq_verb_template_run (const char *const *arguments);
