// SPDX-License-Identifier: GPL-2.0-or-later
/* The way in through qemu-guest-agent. */
#pragma once

#include "way/way.h"
#include "channel/guest-agent.h"

/* AGENT is not taken over and must outlive the result. */
VqWay *vq_way_agent_new (VqGuestAgent *agent);
