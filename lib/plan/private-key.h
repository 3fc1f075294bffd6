// SPDX-License-Identifier: GPL-2.0-or-later
/* The user's private key for ssh (--ssh-key), as text. Nothing here knows what is in it. */
#pragma once

#include <glib.h>

/* The text of the private key in the file PATH, which a user has named; VQ_ERROR_USAGE if it cannot
 * be one. Whether a passphrase locks it is only known when it is used. Transfer full. */
char *vq_private_key_read (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
