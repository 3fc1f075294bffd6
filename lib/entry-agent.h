// SPDX-License-Identifier: GPL-2.0-or-later
/* The way in through qemu-guest-agent. */
#pragma once

#include "entry.h"
#include "guest-agent.h"

/* AGENT is not taken over and must outlive the result. */
VqEntry *vq_entry_agent_new (VqGuestAgent *agent);
