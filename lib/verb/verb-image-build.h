// SPDX-License-Identifier: GPL-2.0-or-later
/* virt-qemu image build: builds the image of an operating system. */
#pragma once

#include "verb/verb-error.h"

VqVerbStatus vq_verb_image_build_run (const char *const *arguments);
