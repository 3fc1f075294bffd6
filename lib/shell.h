// SPDX-License-Identifier: GPL-2.0-or-later
/* The interactive shell of the protocol's `shell` command. */
#pragma once

#include <glib.h>

#include "channel.h"

/* Prints on /dev/tty how else the guest can be reached (CONSOLE, a socket; SSH_PORT as USER unless
 * it is 0), then runs an interactive shell there, in DIRECTORY of the guest and with the NAME=VALUE
 * words of ENVIRONMENT, until it ends; there is no limit of time. Fails if there is no terminal. */
gboolean vq_shell_run (VqChannel *channel, const char *directory, const char *const *environment,
                       const char *console, guint ssh_port, const char *user, VqCancel *cancel,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
