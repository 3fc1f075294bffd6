// SPDX-License-Identifier: GPL-2.0-or-later
/* The stdout or stderr of a command. It is read only as far as the host has given credit. */
#pragma once

#include "outbox.h"
#include "sinks.h"

typedef struct
{
  int fd;          /* owned; -1: closed */
  uint8_t type;    /* the type of its frames */
  uint32_t credit; /* how many bytes may be sent */
  size_t left; /* how many bytes are still to be sent; OUTPUT_UNLIMITED while the command runs */
  bool is_terminal; /* false: it is a pipe */
  bool is_large;    /* the pipe has been enlarged */
} Output;

#define OUTPUT_UNLIMITED SIZE_MAX

/* Adds N bytes of credit. */
bool output_add_credit (Output *output, uint32_t n, Why why);

/* Whether it may be read now. */
bool output_wants (const Output *output);

/* Whether it must be read without waiting until it is readable. This is so for the rest of a
 * terminal's output: nobody knows how much is still in the terminal, so it is read until there is
 * no more. */
bool output_is_urgent (const Output *output);

/* Moves the output that is there to the outbox, at most MAX bytes. Returns true if there may be
 * more. */
bool output_move (Output *output, uint32_t stream, Outbox *out, size_t max);

/* The command has ended, so only what is in the pipe now is still sent. */
void output_limit (Output *output);

/* Whether everything has been sent that must be sent. */
bool output_is_done (const Output *output);

/* Closes it, because nobody reads the output any more. The writer gets SIGPIPE. */
void output_close (Output *output);

/* Sends no more, without letting the writer notice. */
void output_leave (Output *output, Sinks *sinks);
