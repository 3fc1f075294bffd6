// SPDX-License-Identifier: GPL-2.0-or-later
/* The stdin of a command. Bytes that its pipe does not take yet wait here, at most a window of
 * them. */
#pragma once

#include "outbox.h"

typedef struct
{
  int fd;              /* owned; -1: closed */
  uint8_t *bytes;      /* owned; room for a window, or NULL */
  size_t start, end;   /* of the bytes that wait */
  uint32_t uncredited; /* how many bytes have come and are not credited yet */
  uint32_t done;       /* how many of those the pipe has taken or were dropped */
  bool ended;          /* no more input will come */
  bool is_piped;       /* false: it is a terminal */
  bool is_large;       /* the pipe has been enlarged */
  bool refused;        /* nobody reads it any more, and the host must be told */
} Input;

/* Takes N bytes that came from the host. */
bool input_take (Input *input, const uint8_t *bytes, size_t n, Why why);
bool input_take_end (Input *input, Why why);

/* input_waits tells whether bytes wait for room in the pipe. When there is room, input_move moves
 * them. */
bool input_waits (const Input *input);
void input_move (Input *input);

/* Nobody reads it any more: closes it. */
void input_close (Input *input);

/* Sends the host what there is to report. */
void input_report (Input *input, uint32_t stream, Outbox *out);
