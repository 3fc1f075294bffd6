// SPDX-License-Identifier: GPL-2.0-or-later
/* The stdout or stderr of a command: it is read only when the host gave credit for it. */
#pragma once

#include "outbox.h"
#include "sinks.h"

typedef struct
{
  int fd;           /* owned; -1: closed */
  uint8_t type;     /* of its frames */
  uint32_t credit;  /* bytes that may be sent */
  size_t left;      /* bytes that are still to be sent; OUTPUT_UNLIMITED while the command runs */
  bool is_terminal; /* and no pipe */
  bool is_large;    /* the pipe is */
} Output;

#define OUTPUT_UNLIMITED SIZE_MAX

/* Gives N more bytes of credit. */
bool output_add_credit (Output *output, uint32_t n, Why why);

/* Whether it may be read now. */
bool output_wants (const Output *output);

/* Whether that is to be done without waiting until there is something: nobody knows how much is on
 * its way through a terminal, so the rest of one is read until there is no more. */
bool output_is_urgent (const Output *output);

/* Moves what there is to the outbox, at most MAX bytes. True if there may be more. */
bool output_move (Output *output, uint32_t stream, Outbox *out, size_t max);

/* The command has ended: what is there now is the rest. */
void output_limit (Output *output);

/* Whether all has been sent that is to be sent. */
bool output_is_done (const Output *output);

/* Nobody reads it any more: the writer gets SIGPIPE. */
void output_close (Output *output);

/* No more is to be sent, but the writer is not to notice. */
void output_leave (Output *output, Sinks *sinks);
