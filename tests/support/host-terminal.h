// SPDX-License-Identifier: GPL-2.0-or-later
/* A command on a pseudo-terminal of this machine, wired to two descriptors: for host-channel. */
#pragma once

#include "channel/channel.h"

typedef struct _HostTerminal HostTerminal;

/* Starts what TERMINAL says, in a session of its own, and takes over IN and OUT. */
HostTerminal *host_terminal_new (const VqTerminal *terminal, int in, int out, GPid *pid);

void host_terminal_resize (HostTerminal *terminal, guint rows, guint columns);

/* Passes on what is still there, closes and frees; the process is the caller's to end. */
void host_terminal_free (HostTerminal *terminal);
