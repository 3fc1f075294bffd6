// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/qemu-value.h"

char *
vq_qemu_value_quote (const char *text)
{
  g_auto (GStrv) parts = g_strsplit (text, ",", -1);

  return g_strjoinv (",,", parts);
}

char **
vq_qemu_value_split (const char *text)
{
  g_autoptr (GStrvBuilder) parts = g_strv_builder_new ();
  g_autoptr (GString) part = g_string_new (NULL);

  for (; *text != '\0'; text++)
    if (*text != ',' || text[1] == ',')
      {
        g_string_append_c (part, *text);
        text += *text == ',';
      }
    else
      {
        g_strv_builder_add (parts, part->str);
        g_string_truncate (part, 0);
      }
  g_strv_builder_add (parts, part->str);
  return g_strv_builder_end (parts);
}
