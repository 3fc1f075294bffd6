// SPDX-License-Identifier: GPL-2.0-or-later
#include "instance/instance-name.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"

#define MAX_LENGTH 41
#define N_LETTERS 6

static gboolean
is_good (const char *name)
{
  gsize length = strspn (name, "abcdefghijklmnopqrstuvwxyz0123456789-");

  return length > 0 && length <= MAX_LENGTH && name[length] == '\0' && name[0] != '-';
}

gboolean
vq_instance_name_check (const char *name, GError **error)
{
  g_autofree char *shown = NULL;

  if (is_good (name))
    return TRUE;
  shown = vq_text_printable (name, strlen (name), 60);
  return vq_error_set (error, VQ_ERROR_USAGE,
                       "\"%s\" cannot be the name of an instance: a name has small letters, digits "
                       "and \"-\", at most %d of them, and does not begin with \"-\"",
                       shown, MAX_LENGTH);
}

char *
vq_instance_name_make (void)
{
  GString *name = g_string_new ("vq-");

  for (int i = 0; i < N_LETTERS; i++)
    g_string_append_c (name, g_random_int_range ('a', 'z' + 1));
  return g_string_free (name, FALSE);
}
