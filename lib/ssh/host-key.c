// SPDX-License-Identifier: GPL-2.0-or-later
#include "ssh/host-key.h"

#include "ssh/ssh-key.h"

static gboolean
read_key (const char *from, char **private_key, char **public_key, GError **error)
{
  g_auto (ssh_key) key = NULL;

  if (!g_file_get_contents (from, private_key, NULL, error))
    return FALSE;
  key = vq_ssh_key_parse_private (*private_key, error);
  *public_key = key != NULL ? vq_ssh_key_format_public (key, error) : NULL;
  return *public_key != NULL;
}

static gboolean
write_text (const char *path, const char *text, GError **error)
{
  return g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, error);
}

gboolean
vq_host_key_make (const char *path, const char *from, GError **error)
{
  g_autofree char *private_key = NULL;
  g_autofree char *public_key = NULL;
  g_autofree char *public_path = g_strconcat (path, ".pub", NULL);
  g_autofree char *line = NULL;
  gboolean known = from != NULL ? read_key (from, &private_key, &public_key, error)
                                : vq_ssh_key_generate (&private_key, &public_key, error);

  if (!known)
    return FALSE;
  line = g_strconcat (public_key, "\n", NULL);
  return write_text (public_path, line, error) && write_text (path, private_key, error);
}
