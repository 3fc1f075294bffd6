// SPDX-License-Identifier: GPL-2.0-or-later
/* The interactive shell of the protocol's `shell` command. */
#pragma once

#include <glib.h>

#include "channel/channel.h"

/* Prints on /dev/tty how else the guest can be reached (CONSOLE, a socket; SSH_PORT as USER unless
 * it is 0), then runs an interactive shell there until it ends; there is no limit of time. It is
 * bash, else sh, in DIRECTORY of the guest or in "/" if there is no such, with our TERM and the
 * NAME=VALUE words of ENVIRONMENT.
 *
 * If CHANNEL has terminals it is started as at a login, on one of them, with job control and the
 * size of ours, and ours is in raw mode meanwhile (see raw-terminal.h). Else it uses ours as it is.
 *
 * How the shell ends is nobody's error. Fails if there is no terminal here, if CHANNEL fails, and
 * with the reason of CANCEL; the shell is killed then. */
gboolean vq_shell_run (VqChannel *channel, const char *directory, const char *const *environment,
                       const char *console, guint ssh_port, const char *user, VqCancel *cancel,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
