// SPDX-License-Identifier: GPL-2.0-or-later
/* A command in the guest whose output is wanted as a string, in straight-line code. */
#pragma once

#include <glib.h>

#include "channel.h"
#include "wait.h"

/* The largest output of vq_channel_run, in bytes. */
#define VQ_CHANNEL_RUN_MAX (256 * 1024)

/* Runs ARGV with INPUT (may be NULL) as its stdin and waits for its end. *OUT (may be NULL) gets
 * stdout as a string. Succeeds only for exit status 0; otherwise the error holds the end of its
 * stderr. Fails with VQ_ERROR_TIMEOUT at DEADLINE, after killing the command. */
gboolean vq_channel_run (VqChannel *channel, const char *const *argv, const char *input, char **out,
                         gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
