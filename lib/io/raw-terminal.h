// SPDX-License-Identifier: GPL-2.0-or-later
/* The terminal of the person in front of us, /dev/tty, while something else than this machine
 * looks after it: in raw mode, every key goes through and nothing is echoed or translated. (A
 * VqTerminal, of channel.h, is one in the guest.) */
#pragma once

#include <glib.h>

typedef struct _VqRawTerminal VqRawTerminal;

/* Called from the main context when the terminal has, or may have, another size. */
typedef void (*VqRawTerminalResized) (guint rows, guint columns, gpointer data);

/* Puts /dev/tty into raw mode until the result is freed. If this process dies before that, by
 * whatever signal, a child of it restores the mode. Messages of ours meanwhile end with \r\n (see
 * vq_log_set_raw). Fails if there is no terminal. In the background it stops the process as any
 * program there that changes the terminal, until it comes to the foreground. */
VqRawTerminal *vq_raw_terminal_new (VqRawTerminalResized resized, gpointer data, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Puts the terminal back into the mode of before, also from the background. What was typed or
 * written stays. */
void vq_raw_terminal_free (VqRawTerminal *terminal);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqRawTerminal, vq_raw_terminal_free)

/* The size in characters; 0 for what the terminal does not know itself. */
void vq_raw_terminal_get_size (VqRawTerminal *terminal, guint *rows, guint *columns);
