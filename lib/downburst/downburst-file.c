// SPDX-License-Identifier: GPL-2.0-or-later
#include "downburst/downburst-file.h"

#include <string.h>

#include "io/plain-file.h"

static void
add_key (GStrvBuilder *keys, const char *name)
{
  g_autofree char *path = g_build_filename (g_get_home_dir (), ".ssh", name, NULL);
  g_autoptr (GBytes) bytes = vq_plain_file_read (path, NULL, NULL);
  g_autofree char *line = NULL;

  if (bytes == NULL)
    return;
  line = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  line[strcspn (line, "\r\n")] = '\0';
  if (g_str_has_prefix (line, "ssh-") && g_utf8_validate (line, -1, NULL))
    g_strv_builder_add (keys, line);
  else
    g_warning ("%s is no public key, so the guest does not get it", path);
}

char **
vq_downburst_file_read_keys (void)
{
  g_autoptr (GStrvBuilder) keys = g_strv_builder_new ();

  add_key (keys, "id_rsa.pub");
  add_key (keys, "id_ed25519.pub");
  return g_strv_builder_end (keys);
}
