// SPDX-License-Identifier: GPL-2.0-or-later
/* The guest echoes and answers whatever it wants; and any script can be typed. */
#include <string.h>

#include "fuzz.h"
#include "way/typed-script.h"

#define NONCE "0123456789abcdef"

static void
check_lines (const char *lines)
{
  g_auto (GStrv) all = g_strsplit (lines, "\n", -1);

  for (guint i = 0; all[i] != NULL; i++)
    g_assert_cmpuint (strlen (all[i]), <=, 1000);
  for (; *lines != '\0'; lines++)
    g_assert (g_ascii_isprint (*lines) || *lines == '\n');
}

FUZZ (typed_script)
{
  g_autofree char *text = fuzz_text (bytes, n);
  g_autofree char *lines = vq_typed_script_new (text, NONCE);
  gint64 number = 0;
  const char *at = vq_typed_script_skip_to_start (text, NONCE);
  const char *found = vq_typed_script_find_number (text, NONCE, &number);

  g_assert (at >= text && at <= text + strlen (text));
  g_assert (found == NULL || (found >= text && found < text + strlen (text) && number >= -1));
  check_lines (lines);
}
