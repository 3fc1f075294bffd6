// SPDX-License-Identifier: GPL-2.0-or-later
/* Acts on the frames from the host. */
#pragma once

#include "port.h"
#include "streams.h"

typedef struct
{
  Port port;
  Streams streams;
  Sinks sinks;
  StreamContext context;
  bool was_greeted;
  uint8_t nonce[VQ_HELPER_NONCE_SIZE]; /* of the present connection, if there is one */
} Helper;

/* Acts on all frames that have come. Returns false if one makes no sense; WHY says why. */
bool helper_handle_frames (Helper *helper, Why why);

/* Sends the host what there is to report, as far as the port takes it. Returns false if the
 * connection is gone. */
bool helper_report (Helper *helper);

/* Kills all commands and tells the host WHY. Waits a few seconds at most for the port to take
 * that. */
void helper_fail (Helper *helper, const Why why);

/* Kills all commands and frees everything. */
void helper_clear (Helper *helper);
