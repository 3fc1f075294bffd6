// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads the user's private key for ssh (--ssh-key) as text. What is in it is not checked here. */
#pragma once

#include <glib.h>

/* The text of the private key in the file PATH, which the user has named. VQ_ERROR_USAGE if it
 * cannot be a private key. Whether a passphrase locks it is found only when it is used. Transfer
 * full. */
char *vq_private_key_read (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
