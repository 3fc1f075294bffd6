// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/os-name.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "image/distro.h"

#define SUFFIX ".qcow2"

#define ARCH_CHARACTERS "abcdefghijklmnopqrstuvwxyz0123456789"

/* How many bytes of a wrong name a message shows. */
#define SHOWN_MAX 128

/* The parts of NAME, of which there are two or three; else NULL. None is empty, or as in a path. */
static char **
split (const char *name)
{
  g_auto (GStrv) parts = g_strsplit (name, "/", 4);
  guint n = g_strv_length (parts);

  for (guint i = 0; i < n; i++)
    if (parts[i][0] == '\0' || strcmp (parts[i], ".") == 0 || strcmp (parts[i], "..") == 0)
      return NULL;
  return n == 2 || n == 3 ? g_steal_pointer (&parts) : NULL;
}

gboolean
vq_os_name_matches (const char *name)
{
  g_auto (GStrv) parts = split (name);

  return parts != NULL && g_strv_contains (vq_distro_get_names (), parts[0]);
}

gboolean
vq_os_name_is_misspelt (const char *name)
{
  g_autofree char *lower = g_ascii_strdown (name, -1);
  g_auto (GStrv) parts = g_strsplit (lower, "/", 2);

  return !vq_os_name_matches (name) && parts[0] != NULL && parts[1] != NULL
         && g_strv_contains (vq_distro_get_names (), parts[0]);
}

char *
vq_os_name_get_arch (const char *name)
{
  g_auto (GStrv) parts = split (name);

  return vq_os_name_matches (name) ? g_strdup (parts[2]) : NULL;
}

/* It becomes a part of a file's name. */
static gboolean
check_arch (const char *arch, GError **error)
{
  g_autofree char *shown = vq_text_printable (arch, strlen (arch), SHOWN_MAX);

  return strspn (arch, ARCH_CHARACTERS) == strlen (arch)
         || vq_error_set (error, VQ_ERROR_USAGE,
                          "\"%s\" is not an architecture as dpkg names them (amd64, arm64)", shown);
}

VqOsName *
vq_os_name_parse (const char *name, const GPtrArray *releases, const char *arch, GError **error)
{
  g_auto (GStrv) parts = split (name);
  g_autofree char *shown = vq_text_printable (name, strlen (name), SHOWN_MAX);
  const VqDistroRelease *release;
  VqOsName *os;

  if (parts == NULL)
    {
      vq_error_set (error, VQ_ERROR_USAGE,
                    "\"%s\" is not DISTRO/RELEASE or DISTRO/RELEASE/ARCH, as in debian/13", shown);
      return NULL;
    }
  if (parts[2] != NULL)
    arch = parts[2];
  release = vq_distro_find (releases, parts[0], parts[1], error);
  if (release == NULL || !check_arch (arch, error))
    return NULL;
  os = g_new0 (VqOsName, 1);
  os->distro = g_strdup (release->distro);
  os->series = g_strdup (release->series);
  os->arch = g_strdup (arch);
  return os;
}

void
vq_os_name_free (VqOsName *os)
{
  if (os == NULL)
    return;
  g_free (os->distro);
  g_free (os->series);
  g_free (os->arch);
  g_free (os);
}

char *
vq_os_name_get_file (const VqOsName *os)
{
  return g_strdup_printf ("%s-%s-%s" SUFFIX, os->distro, os->series, os->arch);
}

char *
vq_os_name_from_file (const char *file)
{
  g_autofree char *name = g_strdup (file);

  if (!g_str_has_suffix (name, SUFFIX))
    return NULL;
  name[strlen (name) - strlen (SUFFIX)] = '\0';
  g_strdelimit (name, "-", '/');
  return vq_os_name_matches (name) ? g_steal_pointer (&name) : NULL;
}

char *
vq_os_name_describe (const VqOsName *os)
{
  return g_strdup_printf ("%s/%s/%s", os->distro, os->series, os->arch);
}
