// SPDX-License-Identifier: GPL-2.0-or-later
/* Lets a guest that boots by BIOS upgrade GRUB: the package grub-pc asks where to install it, and
 * fails where the answer names a disk of the machine that the image was built on. */
#pragma once

#include <glib.h>

#include "channel/channel.h"
#include "base/wait.h"

/* Answers the package's question in advance with the disk that the guest boots from, if it has GRUB
 * for BIOS at all. That it cannot be done (the root file system may be read-only) is no error. ROOT
 * comes before all paths: "" but in tests. */
gboolean vq_guest_grub_prepare (VqChannel *channel, const char *root, gint64 deadline,
                                VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;
