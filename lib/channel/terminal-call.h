// SPDX-License-Identifier: GPL-2.0-or-later
/* Runs a command on a terminal in the guest that is connected to the user's terminal, /dev/tty. */
#pragma once

#include "channel/channel-call.h"

typedef struct _VqTerminalCall VqTerminalCall;

/* Starts ARGV in DIRECTORY of the guest, with the NAME=VALUE words of ENVIRONMENT, on a terminal
 * that has the size of ours, also when that changes. Our terminal is in raw mode (raw-terminal.h)
 * until the result is freed. Fails if we have no terminal. Only for a channel that has terminals.
 */
VqTerminalCall *vq_terminal_call_start (VqChannel *channel, const char *const *argv,
                                        const char *directory, const char *const *environment,
                                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Gives the command to the caller, who has to wait for its end, and to free SELF then, before the
 * main context runs again. */
VqChannelCall *vq_terminal_call_take (VqTerminalCall *self) G_GNUC_WARN_UNUSED_RESULT;

/* Gives our terminal its mode back. SELF may be NULL. */
void vq_terminal_call_free (VqTerminalCall *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqTerminalCall, vq_terminal_call_free)

/* Opens /dev/tty N times; once per use, because a channel may set O_NONBLOCK on what it gets. */
gboolean vq_terminal_call_open_tty (int *fds, guint n, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* TERM=VALUE with our own value, for the environment, so that programs in the guest know on which
 * terminal they draw; NULL if we have none. Transfer full. */
char *vq_terminal_call_get_term (void);

/* A script for sh -c that becomes an interactive login shell. Its arguments are NAME=VALUE words
 * for the environment, which win over what the startup files set. */
const char *vq_terminal_call_get_shell (void);
