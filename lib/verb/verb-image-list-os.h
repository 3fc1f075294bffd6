// SPDX-License-Identifier: GPL-2.0-or-later
/* virt-qemu image list-os: the operating systems that an image's name can mean. */
#pragma once

#include "verb/verb-error.h"

VqVerbStatus vq_verb_image_list_os_run (const char *const *arguments);
