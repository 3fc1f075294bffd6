// SPDX-License-Identifier: GPL-2.0-or-later
/* SSH keys as text: private ones in OpenSSH's format or PEM, public ones as one line, "TYPE
 * BASE64". Nothing here waits. */
#pragma once

#include <glib.h>
#include <libssh/libssh.h>

G_DEFINE_AUTO_CLEANUP_FREE_FUNC (ssh_key, ssh_key_free, NULL)

/* Makes an ed25519 pair. Both are transfer full; PRIVATE_KEY is text with a newline at its end. */
gboolean vq_ssh_key_generate (char **private_key, char **public_key, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* A private key from TEXT, which must not be locked with a passphrase. Free it with ssh_key_free.
 */
ssh_key vq_ssh_key_parse_private (const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A public key from LINE; a comment after it is ignored. */
ssh_key vq_ssh_key_parse_public (const char *line, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The public half of KEY as a line. Transfer full; NULL on failure. */
char *vq_ssh_key_format_public (ssh_key key, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* "ssh-ed25519 SHA256:...", as ssh-keygen -l shows it. Transfer full. */
char *vq_ssh_key_fingerprint (ssh_key key);
