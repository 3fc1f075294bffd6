// SPDX-License-Identifier: GPL-2.0-or-later
/* A fake guest on a serial port: a terminal, a line to it, and a directory of programs that are
 * found before those of this machine. Its program "id" prints 0, or $VQ_UID, whoever runs the
 * tests. */
#pragma once

#include "fake-terminal.h"
#include "way/serial-line.h"

/* For what should happen at once. */
#define SERIAL_GUEST_PATIENCE 60 /* seconds */

typedef struct
{
  char *directory;
  FakeTerminal *terminal;
  VqSerialLine *line;
} SerialGuest;

/* For checked fixtures. The second fails the test if anything is left behind. */
void serial_guest_begin (SerialGuest *guest);
void serial_guest_end (SerialGuest *guest);

void serial_guest_write_program (SerialGuest *guest, const char *name, const char *text);

/* Starts COMMAND, which is split at blanks, on the terminal; see fake_terminal_start. If it
 * contains "/", it is taken for bash, and gets a prompt with colours. */
void serial_guest_start (SerialGuest *guest, const char *command, gboolean controlling);

gint64 serial_guest_soon (void);
