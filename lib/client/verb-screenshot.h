// SPDX-License-Identifier: GPL-2.0-or-later
/* The verb screenshot: a picture of the screen of an instance. */
#pragma once

#include "verb/verb-error.h"

/* See the member run of VqVerb. */
VqVerbStatus vq_verb_screenshot_run (const char *const *arguments);
