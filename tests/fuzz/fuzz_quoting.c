// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "base/qemu-value.h"
#include "fuzz.h"
#include "testbed/protocol.h"

/* All quoted parts in one, with commas between them. Transfer full. */
static char *
join (char **parts)
{
  g_autoptr (GString) joined = g_string_new (NULL);

  for (guint i = 0; parts[i] != NULL; i++)
    {
      g_autofree char *quoted = vq_qemu_value_quote (parts[i]);

      g_string_append_printf (joined, "%s%s", i == 0 ? "" : ",", quoted);
    }
  return g_string_free (g_steal_pointer (&joined), FALSE);
}

FUZZ (quoting)
{
  g_autofree char *text = fuzz_text (bytes, n);
  g_autofree char *unquoted = vq_protocol_unquote (text);
  g_autofree char *value = vq_qemu_value_quote (text);
  g_auto (GStrv) one = vq_qemu_value_split (value);
  g_auto (GStrv) parts = vq_qemu_value_split (text);

  g_assert (unquoted == NULL || strlen (unquoted) <= n);
  g_assert_cmpuint (g_strv_length (one), ==, 1);
  g_assert_cmpstr (one[0], ==, text);
  if (!g_strv_contains ((const char *const *)parts, ""))
    {
      g_autofree char *joined = join (parts);
      g_assert_cmpstr (joined, ==, text);
    }
}
