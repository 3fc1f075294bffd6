// SPDX-License-Identifier: GPL-2.0-or-later
/* The interactive shell of the protocol's `shell` command. */
#pragma once

#include <glib.h>

#include "channel/channel.h"

/* Prints on /dev/tty in which other ways the guest can be reached (CONSOLE is a socket; SSH_PORT,
 * unless it is 0, is for ssh as USER). Then runs an interactive shell on /dev/tty until it ends,
 * without a time limit. The shell is bash, or sh if there is no bash. It runs in DIRECTORY of the
 * guest, or in "/" if that does not exist, with our TERM and the NAME=VALUE words of ENVIRONMENT.
 *
 * If CHANNEL has terminals, the shell is a login shell on a terminal in the guest, with job control
 * and the size of our terminal, which is in raw mode meanwhile (see raw-terminal.h). Otherwise the
 * shell uses our terminal as it is.
 *
 * The shell's exit status does not matter. Fails if we have no terminal, if CHANNEL fails, and with
 * the reason of CANCEL; the shell is killed then. */
gboolean vq_shell_run (VqChannel *channel, const char *directory, const char *const *environment,
                       const char *console, guint ssh_port, const char *user, VqCancel *cancel,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
