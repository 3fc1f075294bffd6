// SPDX-License-Identifier: GPL-2.0-or-later
/* A command on a pseudo-terminal of this machine, connected to two descriptors, for
 * host-channel. */
#pragma once

#include "channel/channel.h"

typedef struct _HostTerminal HostTerminal;

/* Starts the command of TERMINAL in a session of its own. Takes over IN and OUT. */
HostTerminal *host_terminal_new (const VqTerminal *terminal, int in, int out, GPid *pid);

void host_terminal_resize (HostTerminal *terminal, guint rows, guint columns);

/* Passes on the remaining output, closes and frees. The caller has to end the process. */
void host_terminal_free (HostTerminal *terminal);
