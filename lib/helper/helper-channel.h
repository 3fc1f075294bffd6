// SPDX-License-Identifier: GPL-2.0-or-later
/* The channel that runs commands through the guest helper (helper-wire.h). Any number of commands
 * can run at once, each with its own flow control, and on a terminal if wanted. */
#pragma once

#include "channel/channel.h"
#include "helper/helper-port.h"

/* PORT, which must be in sync, must outlive the channel. When the port's connection fails, every
 * command ends with VQ_ENDED_FAILED. */
VqChannel *vq_helper_channel_new (VqHelperPort *port);
