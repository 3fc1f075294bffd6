// SPDX-License-Identifier: GPL-2.0-or-later
/* Makes the host key by which a guest's ssh server is known. We make it, not the guest, so it is
 * known before anybody connects. */
#pragma once

#include <glib.h>

/* Makes an ed25519 key, or takes the one in the file FROM if it is not NULL: one without a
 * passphrase, of any type that libssh knows. The private key is then in PATH, and the line "TYPE
 * BASE64" in PATH.pub, both with mode 0600; PATH is there only when both are complete. */
gboolean vq_host_key_make (const char *path, const char *from, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
