// SPDX-License-Identifier: GPL-2.0-or-later
/* Runs the scripts of --template-script as root in a guest, before it becomes a template or,
 * without templates, before it is used. A script is a plain file on the host. */
#pragma once

#include <glib.h>

#include "channel/channel.h"
#include "base/wait.h"

/* Runs the script PATH in the guest, with the interpreter that its first line names, or else with
 * sh. Its stdin is empty; its output goes to our stderr, as guest-text.h
 * shows it, at most 1 MiB and the end. Fails unless the exit status is 0. At
 * DEADLINE it is killed. */
gboolean vq_template_script_run (VqChannel *channel, const char *path, gint64 deadline,
                                 VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The SHA-256 of the script PATH, in hexadecimal digits. Transfer full. */
char *vq_template_script_get_digest (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
