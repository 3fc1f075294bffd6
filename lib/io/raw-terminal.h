// SPDX-License-Identifier: GPL-2.0-or-later
/* The user's terminal, /dev/tty, in raw mode: every key is passed on, and nothing is echoed or
 * translated, because a terminal in the guest does that. (VqTerminal in channel.h is that one in
 * the guest.) */
#pragma once

#include <glib.h>

typedef struct _VqRawTerminal VqRawTerminal;

/* Called from the main context when the terminal's size has changed, or may have. */
typedef void (*VqRawTerminalResized) (guint rows, guint columns, gpointer data);

/* Puts /dev/tty into raw mode until the result is freed. If this process dies before that, even by
 * SIGKILL, a child of it restores the mode. Until then our messages end with \r\n (see
 * vq_user_stderr_set_raw). Fails if there is no terminal. If this process is in the background, it
 * stops until it is brought to the foreground, like every program that changes the terminal. */
VqRawTerminal *vq_raw_terminal_new (VqRawTerminalResized resized, gpointer data, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Restores the terminal's mode, also from the background. Nothing that was typed or written is
 * lost. */
void vq_raw_terminal_free (VqRawTerminal *terminal);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqRawTerminal, vq_raw_terminal_free)

/* The size in characters. A number that the terminal does not know is 0. */
void vq_raw_terminal_get_size (VqRawTerminal *terminal, guint *rows, guint *columns);
