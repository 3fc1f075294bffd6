// SPDX-License-Identifier: GPL-2.0-or-later
/* What is needed to log in to a guest over ssh, and how one of our programs passes that to another.
 * Does not use libssh. */
#pragma once

#include <glib.h>

/* How to log in. The strings belong to the owner of the struct. */
typedef struct
{
  guint16 port;   /* the port on 127.0.0.1 */
  char *user;     /* a user other than "root" must be allowed to use sudo without a password */
  char *key;      /* the text of a private key, which is tried before the password; NULL: none */
  char *password; /* NULL: none */
  char *host_key; /* the key that the server must have, "TYPE BASE64"; NULL: any key at the first
                   * login, which then stores it here */
} VqSshLogin;

/* Frees the strings. */
void vq_ssh_login_clear (VqSshLogin *login);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (VqSshLogin, vq_ssh_login_clear)

/* The largest size of all of it together when it is passed to another program, in bytes. */
#define VQ_SSH_LOGIN_MAX 65536

/* LOGIN as bytes. Fails with VQ_ERROR_USAGE if it is larger than VQ_SSH_LOGIN_MAX or has no user.
 */
GBytes *vq_ssh_login_pack (const VqSshLogin *login, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The reverse: fills in LOGIN, which must be zeroes before, and must be cleared even on failure. */
gboolean vq_ssh_login_unpack (VqSshLogin *login, const char *bytes, gsize n, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
