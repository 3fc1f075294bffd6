// SPDX-License-Identifier: GPL-2.0-or-later
/* The request to run a command, in frames RUN_PART and RUN (helper-wire.h). Part of
 * helper-channel. */
#pragma once

#include "channel/channel.h"
#include "helper/helper-port.h"

/* What to run: argv alone, or all that belongs to a terminal. */
typedef struct
{
  const char *const *argv;
  const VqTerminal *terminal; /* NULL: none */
} VqHelperRun;

/* Its length in bytes; more than VQ_HELPER_RUN_MAX is too much. */
gsize vq_helper_run_measure (const VqHelperRun *run);

/* Sends it: STREAM then is a command. */
void vq_helper_run_send (const VqHelperRun *run, VqHelperPort *port, guint32 stream);
