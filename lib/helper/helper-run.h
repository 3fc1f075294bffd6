// SPDX-License-Identifier: GPL-2.0-or-later
/* Sends the request to run a command in the frames RUN_PART and RUN (helper-wire.h). Part of
 * helper-channel. */
#pragma once

#include "channel/channel.h"
#include "helper/helper-port.h"

/* What to run: either argv alone, or a command on a terminal. */
typedef struct
{
  const char *const *argv;
  const VqTerminal *terminal; /* NULL: none */
} VqHelperRun;

/* The request's length in bytes. It must not exceed VQ_HELPER_RUN_MAX. */
gsize vq_helper_run_measure (const VqHelperRun *run);

/* Sends the request, which makes STREAM a command. */
void vq_helper_run_send (const VqHelperRun *run, VqHelperPort *port, guint32 stream);
