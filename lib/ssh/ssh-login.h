// SPDX-License-Identifier: GPL-2.0-or-later
/* What it takes to get into a guest over ssh, and how one of our programs hands that to another.
 * Knows nothing of libssh. */
#pragma once

#include <glib.h>

/* How to get in. All that it points to is owned by whoever has the struct. */
typedef struct
{
  guint16 port;   /* of 127.0.0.1 */
  char *user;     /* anybody but "root" needs sudo without a password in the guest */
  char *key;      /* the text of a private key, tried first; NULL: none */
  char *password; /* NULL: none */
  char *host_key; /* "TYPE BASE64": what the server must prove to be; NULL: whatever it is at the
                   * first connection that gets in, which is then stored here */
} VqSshLogin;

/* Frees what it points to. */
void vq_ssh_login_clear (VqSshLogin *login);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (VqSshLogin, vq_ssh_login_clear)

/* All of it together, in bytes, on its way to another program. */
#define VQ_SSH_LOGIN_MAX 65536

/* LOGIN as bytes. Fails with VQ_ERROR_USAGE if it is larger than VQ_SSH_LOGIN_MAX or has no user.
 */
GBytes *vq_ssh_login_pack (const VqSshLogin *login, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The reverse: sets LOGIN, which starts as zeroes, and is to be cleared even on failure. */
gboolean vq_ssh_login_unpack (VqSshLogin *login, const char *bytes, gsize n, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
