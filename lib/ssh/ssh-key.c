// SPDX-License-Identifier: GPL-2.0-or-later
#include "ssh/ssh-key.h"

#include "base/error.h"

/* libssh 0.12 has another function for this; 0.10 of Debian 12 has only this one. */
static gboolean
generate (ssh_key *key, GError **error)
{
  G_GNUC_BEGIN_IGNORE_DEPRECATIONS
  return ssh_pki_generate (SSH_KEYTYPE_ED25519, 0, key) == SSH_OK
         || vq_error_set (error, VQ_ERROR_FAILED, "cannot make an ssh key");
  G_GNUC_END_IGNORE_DEPRECATIONS
}

gboolean
vq_ssh_key_generate (char **private_key, char **public_key, GError **error)
{
  g_auto (ssh_key) key = NULL;
  g_autofree char *line = NULL;
  char *text = NULL;

  if (!generate (&key, error))
    return FALSE;
  line = vq_ssh_key_format_public (key, error);
  if (line == NULL)
    return FALSE;
  if (ssh_pki_export_privkey_base64 (key, NULL, NULL, NULL, &text) != SSH_OK)
    return vq_error_set (error, VQ_ERROR_FAILED, "cannot export an ssh key");
  *private_key = g_str_has_suffix (text, "\n") ? g_strdup (text) : g_strconcat (text, "\n", NULL);
  *public_key = g_steal_pointer (&line);
  ssh_string_free_char (text);
  return TRUE;
}

/* A passphrase is always given, because without one OpenSSL would ask for it on the terminal. */
ssh_key
vq_ssh_key_parse_private (const char *text, GError **error)
{
  ssh_key key = NULL;

  if (ssh_pki_import_privkey_base64 (text, "", NULL, NULL, &key) == SSH_OK)
    return key;
  vq_error_set (error, VQ_ERROR_USAGE,
                "not a private ssh key, or one with a passphrase (ssh-keygen -p removes it)");
  return NULL;
}

ssh_key
vq_ssh_key_parse_public (const char *line, GError **error)
{
  g_auto (GStrv) words = g_strsplit (line, " ", 3);
  enum ssh_keytypes_e type
      = words[0] != NULL ? ssh_key_type_from_name (words[0]) : SSH_KEYTYPE_UNKNOWN;
  ssh_key key = NULL;

  if (type != SSH_KEYTYPE_UNKNOWN && words[1] != NULL
      && ssh_pki_import_pubkey_base64 (g_strchomp (words[1]), type, &key) == SSH_OK)
    return key;
  vq_error_set (error, VQ_ERROR_USAGE, "not a public ssh key: \"%.80s\"", line);
  return NULL;
}

char *
vq_ssh_key_format_public (ssh_key key, GError **error)
{
  char *base64 = NULL;
  char *line;

  if (ssh_pki_export_pubkey_base64 (key, &base64) != SSH_OK)
    {
      vq_error_set (error, VQ_ERROR_FAILED, "cannot export a public ssh key");
      return NULL;
    }
  line = g_strdup_printf ("%s %s", ssh_key_type_to_char (ssh_key_type (key)), base64);
  ssh_string_free_char (base64);
  return line;
}

char *
vq_ssh_key_fingerprint (ssh_key key)
{
  const char *type = ssh_key_type_to_char (ssh_key_type (key));
  unsigned char *hash = NULL;
  gsize length;
  char *text;
  char *line;

  if (ssh_get_publickey_hash (key, SSH_PUBLICKEY_HASH_SHA256, &hash, &length) != SSH_OK)
    return g_strdup (type);
  text = ssh_get_fingerprint_hash (SSH_PUBLICKEY_HASH_SHA256, hash, length);
  line = g_strdup_printf ("%s %s", type, text != NULL ? text : "");
  ssh_string_free_char (text);
  ssh_clean_pubkey_hash (&hash);
  return line;
}
