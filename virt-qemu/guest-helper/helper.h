// SPDX-License-Identifier: GPL-2.0-or-later
/* What the host's frames do. */
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
  uint8_t nonce[VQ_HELPER_NONCE_SIZE]; /* of the connection, if it was */
} Helper;

/* Acts on all frames that have come. False: what came makes no sense (helper->port.in.why). */
bool helper_handle_frames (Helper *helper);

/* Tells the host what is to be told, as far as the port takes it. False: there is nobody to tell.
 */
bool helper_report (Helper *helper);

/* Kills all commands, and tells the host WHY, for which it waits some seconds at most. */
void helper_fail (Helper *helper, const Why why);

/* Kills all commands and frees all. */
void helper_clear (Helper *helper);
