// SPDX-License-Identifier: GPL-2.0-or-later
/* What the program rbd says when it has failed, for people. */
#pragma once

#include "disk/rbd-name.h"

/* Replaces the message of ERROR, with which rbd has ended with STATUS (an errno):
 * without the lines of Ceph's log in it, and with what the user can do about NAME, with which
 * something was to be done (NULL: that does not matter). */
void vq_rbd_error_explain (GError *error, int status, const VqRbdName *name);
