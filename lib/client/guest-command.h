// SPDX-License-Identifier: GPL-2.0-or-later
/* A command in the guest that runs as some user, in some directory, with some environment. */
#pragma once

#include <glib.h>

typedef struct
{
  const char *user;               /* by name or number; NULL: root */
  const char *directory;          /* NULL: "/" */
  const char *const *environment; /* NAME=VALUE words; NULL: none */
  const char *const *argv;
} VqGuestCommand;

/* The argv that does it: a shell in the guest prepares all that is not as it is for each command.
 * If that fails, it says why on stderr and its exit status is 125. The result ends with NULL; its
 * strings belong to COMMAND. Transfer container. */
GPtrArray *vq_guest_command_build (const VqGuestCommand *command);

/* Whether WORD is NAME=VALUE; otherwise the error is VQ_ERROR_USAGE. */
gboolean vq_guest_command_check_environment (const char *word, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Whether USER can be the name or the number of a user; otherwise the error is VQ_ERROR_USAGE. */
gboolean vq_guest_command_check_user (const char *user, GError **error) G_GNUC_WARN_UNUSED_RESULT;
