// SPDX-License-Identifier: GPL-2.0-or-later
/* A fake serial port of a guest: a real pseudo-terminal at the other end of a socket pair, on which
 * a real program may run. It is served by our own main context. */
#pragma once

#include <glib.h>

typedef struct _FakeTerminal FakeTerminal;

/* *FD is our end, and belongs to the caller. As long as no program reads from the terminal, what is
 * sent is lost. */
FakeTerminal *fake_terminal_new (int *fd);

/* Ends the program, if there is one, and frees. */
void fake_terminal_free (FakeTerminal *terminal);

/* Starts ARGV on the terminal, with the NAME=VALUE words of ENVIRONMENT and little more. With
 * CONTROLLING it is the program's controlling terminal, so ^C ends what the program runs. */
void fake_terminal_start (FakeTerminal *terminal, const char *const *argv,
                          const char *const *environment, gboolean controlling);

/* Kills the program, as if it had crashed. */
void fake_terminal_kill (FakeTerminal *terminal);

/* Types TEXT at the terminal, as if somebody had done so before us. */
void fake_terminal_type (FakeTerminal *terminal, const char *text);

/* Writes TEXT to the port, like the guest's kernel. */
void fake_terminal_say (FakeTerminal *terminal, const char *text, gsize n);

/* From now on output comes in pieces of SIZE bytes (0: as it is), each in another iteration of the
 * main context. */
void fake_terminal_split (FakeTerminal *terminal, gsize size);

/* From now on, after SKIP more bytes that we send, N bytes are lost. */
void fake_terminal_lose (FakeTerminal *terminal, gsize skip, gsize n);

/* Everything that we have sent, and everything that came from the terminal. */
const char *fake_terminal_sent (FakeTerminal *terminal);
const char *fake_terminal_said (FakeTerminal *terminal);

/* Runs the main context until TEXT has come from the terminal. */
void fake_terminal_expect (FakeTerminal *terminal, const char *text);

/* Closes the connection, as if QEMU had ended. */
void fake_terminal_hang_up (FakeTerminal *terminal);
