// SPDX-License-Identifier: GPL-2.0-or-later
/* Lets a guest that boots with BIOS upgrade GRUB. The package grub-pc asks where to install it, and
 * fails if the image still has an answer that names a disk of the machine on which the image was
 * built. */
#pragma once

#include <glib.h>

#include "channel/channel.h"
#include "base/wait.h"

/* If the guest has GRUB for BIOS, answers the package's question in advance with the disk that the
 * guest boots from. If that is impossible, for example because the root file system is read-only,
 * it is not an error. ROOT is put before all paths; it is "" except in tests. */
gboolean vq_guest_grub_prepare (VqChannel *channel, const char *root, gint64 deadline,
                                VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;
