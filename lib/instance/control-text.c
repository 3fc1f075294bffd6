// SPDX-License-Identifier: GPL-2.0-or-later
#include "instance/control-text.h"

#include <string.h>

#include "base/error.h"
#include "testbed/protocol.h"

static const char *const codes[] = {
  [VQ_ERROR_FAILED] = "failed",       [VQ_ERROR_TIMEOUT] = "timeout",
  [VQ_ERROR_CANCELLED] = "cancelled", [VQ_ERROR_MACHINE] = "machine",
  [VQ_ERROR_PEER] = "peer",           [VQ_ERROR_MISSING] = "missing",
  [VQ_ERROR_LOCKED] = "locked",       [VQ_ERROR_USAGE] = "usage",
  [VQ_ERROR_BUSY] = "busy",           [VQ_ERROR_EXISTS] = "exists",
  [VQ_ERROR_NO_ROOM] = "no-room",
};

char *
vq_control_text_build (const char *const *words)
{
  GString *line = g_string_new (NULL);

  for (gsize i = 0; words[i] != NULL; i++)
    {
      g_autofree char *quoted = vq_protocol_quote (words[i]);

      g_string_append_printf (line, "%s%s", i > 0 ? " " : "", quoted);
    }
  g_string_append_c (line, '\n');
  return g_string_free (line, FALSE);
}

char **
vq_control_text_split (const char *line)
{
  char **words = g_strsplit (line, " ", -1);

  for (char **word = words; *word != NULL; word++)
    {
      char *plain = vq_protocol_unquote (*word);

      if (plain == NULL)
        continue;
      g_free (*word);
      *word = plain;
    }
  return words;
}

const char *
vq_control_text_find (const char *const *words, const char *name)
{
  gsize length = strlen (name);

  for (; *words != NULL; words++)
    if (strncmp (*words, name, length) == 0 && (*words)[length] == '=')
      return *words + length + 1;
  return NULL;
}

char *
vq_control_text_build_error (const GError *error)
{
  const char *const words[] = { "error", codes[vq_error_get_code (error)], error->message, NULL };

  return vq_control_text_build (words);
}

GError *
vq_control_text_parse_error (const char *const *words)
{
  if (words[0] == NULL || words[1] == NULL)
    return NULL;
  for (gsize code = 0; code < G_N_ELEMENTS (codes); code++)
    if (strcmp (words[0], codes[code]) == 0)
      return g_error_new_literal (VQ_ERROR, code, words[1]);
  return NULL;
}
