// SPDX-License-Identifier: GPL-2.0-or-later
/* The scripts of --template-script: run as root in a guest before it becomes a template, or before
 * it is used if there is none. A script is a plain file of the host. */
#pragma once

#include <glib.h>

#include "channel/channel.h"
#include "base/wait.h"

/* Runs the script PATH in the guest, by the interpreter that its first line names, else sh, with
 * an empty stdin; what it says goes to our stderr. Fails unless it exits with 0; at DEADLINE it is
 * killed. */
gboolean vq_template_script_run (VqChannel *channel, const char *path, gint64 deadline,
                                 VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The SHA-256 of the script PATH, in hexadecimal digits. Transfer full. */
char *vq_template_script_get_digest (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
