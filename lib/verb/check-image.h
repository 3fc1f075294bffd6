// SPDX-License-Identifier: GPL-2.0-or-later
/* virt-qemu check IMAGE: does with an image all that a testbed can do, and says what holds and how
 * long it took. So the owner of a host with KVM, or with another architecture, finds out what we
 * could not. */
#pragma once

#include "verb/verb-error.h"

/* ARGUMENTS (with NULL at the end) are the image and the options of a machine, as for the server,
 * and --format. Prints a line for each step, and ends with the first that fails, whose error is
 * reported. Waits as long as the machine's options allow; a signal that ends the program ends
 * that. */
VqVerbStatus vq_check_image_run (const char *const *arguments);
