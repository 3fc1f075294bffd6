// SPDX-License-Identifier: GPL-2.0-or-later
/* The packed form is a sequence of words NAME=VALUE, for members that are not NULL, with a NUL
 * after each. So values may hold any bytes except NUL. */
#include "ssh/ssh-login.h"

#include <string.h>

#include "base/arguments.h"
#include "base/error.h"

#define PORT "port"

void
vq_ssh_login_clear (VqSshLogin *login)
{
  g_clear_pointer (&login->user, g_free);
  g_clear_pointer (&login->key, g_free);
  g_clear_pointer (&login->password, g_free);
  g_clear_pointer (&login->host_key, g_free);
}

/* The member called NAME, or NULL if there is none. */
static char **
find_text (VqSshLogin *login, const char *name)
{
  if (strcmp (name, "user") == 0)
    return &login->user;
  if (strcmp (name, "key") == 0)
    return &login->key;
  if (strcmp (name, "password") == 0)
    return &login->password;
  return strcmp (name, "host-key") == 0 ? &login->host_key : NULL;
}

static void
add_word (GByteArray *packed, const char *name, const char *value)
{
  g_autofree char *word = g_strconcat (name, "=", value, NULL);

  if (value != NULL)
    g_byte_array_append (packed, (const guint8 *)word, strlen (word) + 1);
}

GBytes *
vq_ssh_login_pack (const VqSshLogin *login, GError **error)
{
  g_autoptr (GByteArray) packed = g_byte_array_new ();
  g_autofree char *port = g_strdup_printf ("%u", login->port);

  add_word (packed, PORT, port);
  add_word (packed, "user", login->user);
  add_word (packed, "key", login->key);
  add_word (packed, "password", login->password);
  add_word (packed, "host-key", login->host_key);
  if (login->user != NULL && packed->len <= VQ_SSH_LOGIN_MAX)
    return g_byte_array_free_to_bytes (g_steal_pointer (&packed));
  vq_error_set (error, VQ_ERROR_USAGE,
                login->user == NULL ? "ssh: there is no user to log in as"
                                    : "ssh: the key or the password is too long");
  return NULL;
}

static gboolean
set_word (VqSshLogin *login, const char *word, GError **error)
{
  const char *equals = strchr (word, '=');
  g_autofree char *name = equals != NULL ? g_strndup (word, equals - word) : g_strdup (word);
  char **text = equals != NULL ? find_text (login, name) : NULL;
  int port;

  if (text != NULL && *text == NULL)
    {
      *text = g_strdup (equals + 1);
      return TRUE;
    }
  if (equals == NULL || strcmp (name, PORT) != 0)
    return vq_error_set (error, VQ_ERROR_USAGE, "ssh: \"%.20s\" is nothing to log in with", name);
  if (!vq_arguments_parse_int (equals + 1, 1, G_MAXUINT16, &port, error))
    return FALSE;
  login->port = port;
  return TRUE;
}

gboolean
vq_ssh_login_unpack (VqSshLogin *login, const char *bytes, gsize n, GError **error)
{
  for (gsize at = 0; at < n;)
    {
      gsize length = strnlen (bytes + at, n - at);

      if (length == n - at)
        return vq_error_set (error, VQ_ERROR_USAGE, "ssh: what to log in with is cut off");
      if (!set_word (login, bytes + at, error))
        return FALSE;
      at += length + 1;
    }
  return (login->port != 0 && login->user != NULL)
         || vq_error_set (error, VQ_ERROR_USAGE, "ssh: neither port nor user to log in with");
}
