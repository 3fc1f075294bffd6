// SPDX-License-Identifier: GPL-2.0-or-later
#include "pull/known-image.h"

#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/path.h"
#include "base/programs.h"
#include "base/text.h"
#include "image/distro.h"
#include "image/os-name.h"

#define FILE_NAME "images.conf"
#define SHOWN_MAX 512

/* What is looked for. */
typedef struct
{
  GKeyFile *known;
  const char *name;
  const char *arch;
  GPtrArray *releases;            /* NULL: NAME is no release */
  VqOsName *os;                   /* the same */
  const VqDistroRelease *release; /* the same */
} Search;

static void
search_clear (Search *search)
{
  g_clear_pointer (&search->known, g_key_file_unref);
  g_clear_pointer (&search->os, vq_os_name_free);
  g_clear_pointer (&search->releases, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Search, search_clear)

void
vq_known_image_free (VqKnownImage *image)
{
  if (image == NULL)
    return;
  g_free (image->url);
  g_free (image->keyring);
  g_free (image);
}

char **
vq_known_image_get_files (void)
{
  g_autoptr (GStrvBuilder) files = g_strv_builder_new ();
  g_autofree char *ours = vq_programs_find_data (FILE_NAME);
  g_autofree char *user = vq_path_build_user_config (FILE_NAME);

  if (ours != NULL)
    g_strv_builder_add (files, ours);
  g_strv_builder_add_many (files, VQ_PATH_HOST_CONFIG FILE_NAME, user, NULL);
  return g_strv_builder_end (files);
}

/* A group is taken as a whole. */
static void
take_groups (GKeyFile *to, GKeyFile *from)
{
  g_auto (GStrv) groups = g_key_file_get_groups (from, NULL);

  for (char **group = groups; *group != NULL; group++)
    {
      g_auto (GStrv) keys = g_key_file_get_keys (from, *group, NULL, NULL);

      g_key_file_remove_group (to, *group, NULL);
      for (char **key = keys; key != NULL && *key != NULL; key++)
        {
          g_autofree char *value = g_key_file_get_value (from, *group, *key, NULL);

          g_key_file_set_value (to, *group, *key, value);
        }
    }
}

static gboolean
read_file (GKeyFile *to, const char *path, GError **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (GError) why = NULL;

  if (g_key_file_load_from_file (file, path, G_KEY_FILE_NONE, &why))
    take_groups (to, file);
  else if (!g_error_matches (why, G_FILE_ERROR, G_FILE_ERROR_NOENT))
    return vq_error_set (error, VQ_ERROR_USAGE, "cannot read %s: %s", path, why->message);
  return TRUE;
}

/* Finds out which release NAME is, unless a group is called just so. */
static gboolean
find_release (Search *search, GError **error)
{
  if (g_key_file_has_group (search->known, search->name) || !vq_os_name_matches (search->name))
    return TRUE;
  search->releases = vq_distro_list (NULL, NULL, error);
  if (search->releases == NULL)
    return FALSE;
  search->os = vq_os_name_parse (search->name, search->releases, search->arch, error);
  if (search->os == NULL)
    return FALSE;
  search->release
      = vq_distro_find (search->releases, search->os->distro, search->os->series, error);
  return search->release != NULL;
}

/* The group that says most about the image; NULL if there is none. Transfer full. */
static char *
find_group (const Search *search)
{
  g_autofree char *whole = search->os != NULL ? vq_os_name_describe (search->os) : NULL;
  g_autofree char *series
      = search->os != NULL ? g_strconcat (search->os->distro, "/", search->os->series, NULL) : NULL;
  const char *const groups[]
      = { search->name, whole, series, search->os != NULL ? search->os->distro : NULL };

  for (gsize i = 0; i < G_N_ELEMENTS (groups); i++)
    if (groups[i] != NULL && g_key_file_has_group (search->known, groups[i]))
      return g_strdup (groups[i]);
  return NULL;
}

/* Puts VALUE in place of MARK, if URL has that. */
static gboolean
fill_in (GString *url, const char *mark, const char *value, GError **error)
{
  if (strstr (url->str, mark) == NULL)
    return TRUE;
  if (value == NULL)
    return vq_error_set (error, VQ_ERROR_USAGE, "its address has %s, which it has not", mark);
  g_string_replace (url, mark, value, 0);
  return TRUE;
}

/* Transfer full. */
static char *
make_url (const Search *search, const char *group, GError **error)
{
  const VqDistroRelease *release = search->release;
  gboolean is_new = release != NULL && release->state == VQ_DISTRO_DEVELOPMENT
                    && g_key_file_has_key (search->known, group, "url-development", NULL);
  g_autofree char *text
      = g_key_file_get_string (search->known, group, is_new ? "url-development" : "url", error);
  g_autoptr (GString) url = g_string_new (text);

  if (text == NULL || !fill_in (url, "{series}", release != NULL ? release->series : NULL, error)
      || !fill_in (url, "{number}", release != NULL ? release->number : NULL, error)
      || !fill_in (url, "{arch}", search->os != NULL ? search->os->arch : search->arch, error))
    return NULL;
  return g_string_free (g_steal_pointer (&url), FALSE);
}

static VqKnownImage *
make_image (const Search *search, const char *group, GError **error)
{
  g_autoptr (VqKnownImage) image = g_new0 (VqKnownImage, 1);
  g_autoptr (GError) why = NULL;
  VQ_ERROR_PREFIX (error, "%s: %s", FILE_NAME, group);

  image->url = make_url (search, group, &why);
  if (image->url != NULL && g_key_file_has_key (search->known, group, "sums", NULL))
    image->needs_sums = g_key_file_get_boolean (search->known, group, "sums", &why);
  if (why != NULL)
    {
      vq_error_set (error, VQ_ERROR_USAGE, "%s", why->message);
      return NULL;
    }
  image->keyring = g_key_file_get_string (search->known, group, "keyring", NULL);
  if (image->keyring != NULL && access (image->keyring, R_OK) != 0)
    {
      g_message ("the signature is not checked, as there is no %s", image->keyring);
      g_clear_pointer (&image->keyring, g_free);
    }
  return g_steal_pointer (&image);
}

static gboolean
is_own_name (const char *name)
{
  return !vq_os_name_matches (name) && !g_strv_contains (vq_distro_get_names (), name);
}

/* Transfer full. */
static GKeyFile *
read_all (const char *const *files)
{
  GKeyFile *known = g_key_file_new ();

  for (; *files != NULL; files++)
    if (!read_file (known, *files, NULL))
      g_debug ("%s cannot be read", *files);
  return known;
}

gboolean
vq_known_image_has (const char *name, const char *const *files)
{
  g_autoptr (GKeyFile) known = is_own_name (name) ? read_all (files) : NULL;

  return known != NULL && g_key_file_has_group (known, name);
}

char **
vq_known_image_list (const char *const *files)
{
  g_autoptr (GKeyFile) known = read_all (files);
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  g_auto (GStrv) groups = g_key_file_get_groups (known, NULL);

  for (char **group = groups; *group != NULL; group++)
    {
      const char *slash = strchr (*group, '/');

      if (slash != NULL && slash > *group && slash[1] != '\0' && strchr (slash + 1, '/') == NULL
          && is_own_name (*group))
        g_strv_builder_add (names, *group);
    }
  return g_strv_builder_end (names);
}

VqKnownImage *
vq_known_image_find (const char *name, const char *arch, const char *const *files, GError **error)
{
  g_auto (Search) search = { .known = g_key_file_new (), .name = name, .arch = arch };
  g_autofree char *list = g_strjoinv (", ", (char **)files);
  g_autofree char *shown = vq_text_printable (name, strlen (name), SHOWN_MAX);
  g_autofree char *group = NULL;

  for (; *files != NULL; files++)
    if (!read_file (search.known, *files, error))
      return NULL;
  if (!find_release (&search, error))
    return NULL;
  group = find_group (&search);
  if (group != NULL)
    return make_image (&search, group, error);
  vq_error_set (error, VQ_ERROR_MISSING, "no image is called \"%s\" in %s%s", shown, list,
                vq_os_name_is_misspelt (name) ? "; a system is called as in debian/13" : "");
  return NULL;
}
