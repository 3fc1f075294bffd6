// SPDX-License-Identifier: GPL-2.0-or-later
/* Asks the supervisor of an instance for something (control-wire.h). */
#pragma once

#include "base/cancel.h"
#include "instance/instance.h"

/* Sends the request WORDS to the supervisor of INSTANCE and waits for the reply, without a limit of
 * our own, as the supervisor has limits. What it waits for is told to the user. Returns the words
 * of the reply (transfer full), or NULL with its error: VQ_ERROR_BUSY if the instance does not
 * run, or stops before it answers. */
char **vq_control_client_call (VqInstance *instance, const char *const *words, VqCancel *cancel,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same for the socket PATH of whoever answers like the supervisor of an instance NAME. */
char **vq_control_client_ask (const char *path, const char *name, const char *const *words,
                              VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;
