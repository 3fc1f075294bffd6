// SPDX-License-Identifier: GPL-2.0-or-later
/* A guest that is reached over a serial port, for tests: a terminal, a line to it, and a directory
 * whose programs go before those of this machine. Its id says "0", or $VQ_UID, whoever runs the
 * tests. */
#pragma once

#include "fake-terminal.h"
#include "way/serial-line.h"

/* For things that take no time. */
#define SERIAL_GUEST_PATIENCE 60 /* seconds */

typedef struct
{
  char *directory;
  FakeTerminal *terminal;
  VqSerialLine *line;
} SerialGuest;

/* For checked fixtures; the second also fails the test if anything is left behind. */
void serial_guest_begin (SerialGuest *guest);
void serial_guest_end (SerialGuest *guest);

void serial_guest_write_program (SerialGuest *guest, const char *name, const char *text);

/* Starts the words of COMMAND on the terminal. With "/" in it, it is for a bash that gets a
 * colourful prompt. See fake_terminal_start. */
void serial_guest_start (SerialGuest *guest, const char *command, gboolean controlling);

gint64 serial_guest_soon (void);
