// SPDX-License-Identifier: GPL-2.0-or-later
/* A guest's serial port, for tests: a real terminal with a real program on it, or with none yet, at
 * the other end of a socket pair. It lives in our own main context. */
#pragma once

#include <glib.h>

typedef struct _FakeTerminal FakeTerminal;

/* *FD gets our end, which is the caller's. Nobody reads at the terminal, so what is sent is
 * lost. */
FakeTerminal *fake_terminal_new (int *fd);

/* Ends the program, if there is one, and frees. */
void fake_terminal_free (FakeTerminal *terminal);

/* Starts ARGV there, with the NAME=VALUE words of ENVIRONMENT and little more. CONTROLLING: the
 * terminal is its own, so that ^C ends what it runs. */
void fake_terminal_start (FakeTerminal *terminal, const char *const *argv,
                          const char *const *environment, gboolean controlling);

/* Kills the program, as when it crashes. */
void fake_terminal_kill (FakeTerminal *terminal);

/* Types TEXT there, as somebody did before us. */
void fake_terminal_type (FakeTerminal *terminal, const char *text);

/* TEXT comes over the port, from the kernel say. */
void fake_terminal_say (FakeTerminal *terminal, const char *text, gsize n);

/* From now on what is said comes in pieces of SIZE bytes, each in a turn of its own; 0: as it
 * comes. */
void fake_terminal_split (FakeTerminal *terminal, gsize size);

/* Of what is sent from now on, after SKIP bytes, N bytes are lost. */
void fake_terminal_lose (FakeTerminal *terminal, gsize skip, gsize n);

/* All that was sent, and all that was said, from the beginning. */
const char *fake_terminal_sent (FakeTerminal *terminal);
const char *fake_terminal_said (FakeTerminal *terminal);

/* Runs the context until TEXT was said. */
void fake_terminal_expect (FakeTerminal *terminal, const char *text);

/* QEMU is gone. */
void fake_terminal_hang_up (FakeTerminal *terminal);
