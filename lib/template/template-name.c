// SPDX-License-Identifier: GPL-2.0-or-later
#include "template/template-name.h"

#include <string.h>

#include "template/template-key.h"

#define NEW ".new-"
#define LOCK ".lock"
#define KEY_LENGTH VQ_TEMPLATE_KEY_LENGTH

/* Accepts only the form that we write: no leading zero, and not 1. */
static gboolean
parse_number (const char *text, guint *number)
{
  guint64 value;

  if (!g_ascii_string_to_unsigned (text, 10, 2, G_MAXUINT - 1, &value, NULL) || text[0] == '0')
    return FALSE;
  *number = value;
  return TRUE;
}

/* Takes the key from a name that begins with one. */
static gboolean
take_key (const char *name, char **key)
{
  g_autofree char *start = g_strndup (name, KEY_LENGTH);

  if (!vq_template_key_is_digest (start))
    return FALSE;
  if (key != NULL)
    *key = g_steal_pointer (&start);
  return TRUE;
}

gboolean
vq_template_name_parse (const char *name, char **key, guint *number)
{
  guint found = 1;

  if (!take_key (name, NULL))
    return FALSE;
  if (name[KEY_LENGTH] != '\0'
      && (name[KEY_LENGTH] != '.' || !parse_number (name + KEY_LENGTH + 1, &found)))
    return FALSE;
  *number = found;
  return take_key (name, key);
}

gboolean
vq_template_name_is_of (const char *name, const char *key)
{
  g_autofree char *own = NULL;
  guint number;

  return vq_template_name_parse (name, &own, &number) && strcmp (own, key) == 0;
}

gboolean
vq_template_name_parse_new (const char *name, char **key)
{
  return g_str_has_prefix (name, NEW) && strlen (name) == strlen (NEW) + KEY_LENGTH
         && take_key (name + strlen (NEW), key);
}

gboolean
vq_template_name_parse_lock (const char *name, char **key)
{
  return strlen (name) == KEY_LENGTH + strlen (LOCK) && g_str_has_suffix (name, LOCK)
         && take_key (name, key);
}

char *
vq_template_name_build (const char *key, guint number)
{
  return number > 1 ? g_strdup_printf ("%s.%u", key, number) : g_strdup (key);
}

char *
vq_template_name_build_new (const char *key)
{
  return g_strconcat (NEW, key, NULL);
}

char *
vq_template_name_build_lock (const char *key)
{
  return g_strconcat (key, LOCK, NULL);
}
