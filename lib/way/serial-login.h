// SPDX-License-Identifier: GPL-2.0-or-later
/* Logs in at a login prompt on a serial port and gets a root shell there, as a person with a name
 * and perhaps a password would do it. For guests that have no better way in. */
#pragma once

#include <glib.h>

#include "way/root-shell.h"
#include "way/serial-line.h"
#include "base/wait.h"

/* Whether LINE shows a login prompt now, or the prompt of a shell, if somebody is logged in
 * already. A VqWaitCondition. */
gboolean vq_serial_login_has_prompt (gpointer line);

/* Logs in on LINE as USER (NULL: root) with PASSWORD (NULL: none is known). If USER is not root,
 * becomes root with sudo, or else with su. The result is a root shell that has answered. LINE must
 * outlive it.
 *
 * Waits for a prompt. If the port is silent for 10 s, sends a newline to get one, because the
 * prompt may have come before LINE was made. A shell that is there already is used. The password is
 * sent at most twice to the login, once to sudo and once to su, so that the account does not get
 * locked; no message contains it. VQ_ERROR_PEER if the guest refuses, with its last output and the
 * option to give. */
VqRootShell *vq_serial_login_open (VqSerialLine *line, const char *user, const char *password,
                                   gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Ends the shell that vq_serial_login_open has made, so that the port shows a login prompt again.
 * Does not wait. Free the VqRootShell first. */
void vq_serial_login_leave (VqSerialLine *line);
