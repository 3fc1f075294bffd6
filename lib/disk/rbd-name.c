// SPDX-License-Identifier: GPL-2.0-or-later
#include "disk/rbd-name.h"

#include <string.h>

#include "base/error.h"

#define PREFIX "rbd:"

gboolean
vq_rbd_name_is (const char *text)
{
  return g_str_has_prefix (text, PREFIX);
}

/* Takes what comes before the next colon off *REST. Transfer full. */
static char *
take_part (const char **rest)
{
  GString *part = g_string_new (NULL);
  const char *c;

  for (c = *rest; *c != '\0' && *c != ':'; c++)
    {
      if (*c == '\\' && c[1] != '\0')
        c++;
      g_string_append_c (part, *c);
    }
  *rest = *c == ':' ? c + 1 : c;
  return g_string_free (part, FALSE);
}

/* A snapshot or a namespace would need an "@" or another slash. */
static gboolean
set_image (VqRbdName *name, const char *part, GError **error)
{
  g_auto (GStrv) words = g_strsplit (part, "/", -1);

  if (g_strv_length (words) != 2 || words[0][0] == '\0' || words[1][0] == '\0'
      || strchr (part, '@') != NULL || words[0][0] == '-' || words[1][0] == '-')
    return vq_error_set (error, VQ_ERROR_USAGE,
                         "\"%s\" is not of the form POOL/NAME, which follows rbd:", part);
  name->pool = g_strdup (words[0]);
  name->image = g_strdup (words[1]);
  return TRUE;
}

static gboolean
set_key (VqRbdName *name, const char *part, GError **error)
{
  const char *value = strchr (part, '=');
  char **field = g_str_has_prefix (part, "id=")     ? &name->id
                 : g_str_has_prefix (part, "conf=") ? &name->conf
                                                    : NULL;

  if (field == NULL || value[1] == '\0')
    return vq_error_set (error, VQ_ERROR_USAGE,
                         "\"%s\" is not id=USER or conf=FILE; other settings belong in ceph.conf",
                         part);
  g_free (*field);
  *field = g_strdup (value + 1);
  return TRUE;
}

VqRbdName *
vq_rbd_name_parse (const char *text, GError **error)
{
  g_autoptr (VqRbdName) name = g_new0 (VqRbdName, 1);
  const char *rest = text + strlen (PREFIX);
  g_autofree char *image = take_part (&rest);

  if (!set_image (name, image, error))
    return NULL;
  while (*rest != '\0')
    {
      g_autofree char *part = take_part (&rest);

      if (!set_key (name, part, error))
        return NULL;
    }
  return g_steal_pointer (&name);
}

VqRbdName *
vq_rbd_name_with_image (const VqRbdName *name, const char *image)
{
  VqRbdName *other = g_new0 (VqRbdName, 1);

  *other = (VqRbdName){ g_strdup (name->pool), g_strdup (image), g_strdup (name->id),
                        g_strdup (name->conf) };
  return other;
}

void
vq_rbd_name_free (VqRbdName *name)
{
  if (name == NULL)
    return;
  g_free (name->pool);
  g_free (name->image);
  g_free (name->id);
  g_free (name->conf);
  g_free (name);
}

char *
vq_rbd_name_get_spec (const VqRbdName *name)
{
  return g_strdup_printf ("%s/%s", name->pool, name->image);
}
