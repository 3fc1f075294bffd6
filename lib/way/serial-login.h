// SPDX-License-Identifier: GPL-2.0-or-later
/* From a login prompt on a serial port to a root shell there, as a person would do it who has a
 * name and perhaps a password: for guests that have nothing better. */
#pragma once

#include <glib.h>

#include "way/root-shell.h"
#include "way/serial-line.h"
#include "base/wait.h"

/* Whether LINE shows a login prompt now, or that of a shell: somebody is logged in already. A
 * VqWaitCondition. */
gboolean vq_serial_login_has_prompt (gpointer line);

/* Logs in on LINE as USER (NULL: root) with PASSWORD (NULL: none is known), and becomes root with
 * sudo, or else with su, if USER is not. The result is a root shell that has answered; LINE must
 * outlive it.
 *
 * Waits for a prompt; asks for one with a newline when the port says nothing for 10 s, which is
 * what a prompt from before LINE was made costs. A shell that is there already will do. The
 * password is sent twice at most to the login, once to sudo and once to su, so that no account gets
 * locked, and is in no message. VQ_ERROR_PEER if the guest refuses, with what it said last and the
 * option to give. */
VqRootShell *vq_serial_login_open (VqSerialLine *line, const char *user, const char *password,
                                   gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Ends the shell that vq_serial_login_open made: the port then asks for a login again. Does not
 * wait. Free the VqRootShell first. */
void vq_serial_login_leave (VqSerialLine *line);
