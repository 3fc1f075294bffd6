// SPDX-License-Identifier: GPL-2.0-or-later
/* The stdin of a command: what its pipe does not take yet waits here, a window of it at most. */
#pragma once

#include "outbox.h"

typedef struct
{
  int fd;              /* owned; -1: closed */
  uint8_t *bytes;      /* owned; NULL, or a window */
  size_t start, end;   /* of what waits */
  uint32_t uncredited; /* bytes that came and are not credited yet */
  uint32_t done;       /* those of them that the pipe has taken, or that were dropped */
  bool ended;          /* no more will come */
  bool is_piped;       /* and no terminal */
  bool is_large;       /* the pipe is */
  bool refused;        /* nobody reads it any more: the host is to be told */
} Input;

/* Takes N bytes from the host. */
bool input_take (Input *input, const uint8_t *bytes, size_t n, Why why);
bool input_take_end (Input *input, Why why);

/* Whether the pipe is to be asked for room, and what to do when it has some. */
bool input_waits (const Input *input);
void input_move (Input *input);

/* Nobody reads it any more. */
void input_close (Input *input);

/* Tells the host what is to be told. */
void input_report (Input *input, uint32_t stream, Outbox *out);
