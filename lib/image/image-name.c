// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/image-name.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/path.h"
#include "base/text.h"
#include "image/distro.h"
#include "image/image-build.h"
#include "image/os-name.h"

/* How many bytes of a name or a list a message shows. */
#define SHOWN_MAX 512

static const char *const suffixes[] = { "", ".img", ".qcow2" };

char **
vq_image_name_get_directories (void)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  const char *own = g_getenv ("IMAGEDIR");
  g_autofree char *sbuild = g_build_filename (g_get_user_cache_dir (), "sbuild", NULL);
  g_autofree char *ours = vq_path_build_cache ();

  if (own != NULL && *own != '\0')
    g_strv_builder_add (builder, own);
  g_strv_builder_add_many (builder, sbuild, ours, NULL);
  return g_strv_builder_end (builder);
}

/* Whether PATH exists and is not a directory. Also true if it cannot be looked at, because the user
 * should then see the error. */
static gboolean
is_image (const char *path)
{
  struct stat st;

  if (stat (path, &st) == 0)
    return !S_ISDIR (st.st_mode);
  return errno != ENOENT && errno != ENOTDIR;
}

/* NAME with one of the suffixes in DIRECTORY, or NULL. Transfer full. */
static char *
find_in (const char *directory, const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (suffixes); i++)
    {
      g_autofree char *file = g_strconcat (name, suffixes[i], NULL);
      g_autofree char *path = g_build_filename (directory, file, NULL);

      if (g_file_test (path, G_FILE_TEST_EXISTS) && is_image (path))
        return g_steal_pointer (&path);
    }
  return NULL;
}

static void
explain (const char *name, const char *const *directories, GError **error)
{
  g_autofree char *list = g_strjoinv (", ", (char **)directories);
  g_autofree char *shown = vq_text_printable (name, strlen (name), SHOWN_MAX);
  g_autofree char *where = vq_text_printable (list, strlen (list), SHOWN_MAX);

  vq_error_set (error, VQ_ERROR_MISSING,
                "there is no image %s: no such file here, and no %s, %s.img or %s.qcow2 in %s%s; "
                "a system is named as debian/13 (virt-qemu image list-os)",
                shown, shown, shown, shown, where,
                g_getenv ("IMAGEDIR") == NULL ? " (IMAGEDIR is not set)" : "");
}

char *
vq_image_name_find (const char *name, const char *const *directories, GError **error)
{
  if (strchr (name, '/') != NULL || is_image (name))
    return g_strdup (name);
  for (const char *const *directory = directories; *directory != NULL; directory++)
    {
      char *path = find_in (*directory, name);

      if (path != NULL)
        return path;
    }
  if (g_file_test (name, G_FILE_TEST_EXISTS))
    return g_strdup (name);
  explain (name, directories, error);
  return NULL;
}

gboolean
vq_image_name_is_system (const char *name)
{
  return vq_os_name_matches (name) && !is_image (name);
}

static char *
provide_system (const char *name, const char *arch, VqCancel *cancel, GError **error)
{
  const VqImageBuildOptions options = { .words = NULL };
  g_autoptr (GPtrArray) releases = vq_distro_list (NULL, NULL, error);
  g_autoptr (VqOsName) os
      = releases != NULL ? vq_os_name_parse (name, releases, arch, error) : NULL;

  return os != NULL ? vq_image_build (os, &options, cancel, error) : NULL;
}

/* The error for a path would only be that there is no such directory. */
static gboolean
check_spelling (const char *name, GError **error)
{
  g_autofree char *shown = vq_text_printable (name, strlen (name), SHOWN_MAX);

  return !vq_os_name_is_misspelt (name) || g_file_test (name, G_FILE_TEST_EXISTS)
         || vq_error_set (error, VQ_ERROR_MISSING,
                          "there is no file %s, and a system is called DISTRO/RELEASE or "
                          "DISTRO/RELEASE/ARCH, as in debian/13",
                          shown);
}

char *
vq_image_name_provide (const char *name, const char *arch, VqCancel *cancel, GError **error)
{
  g_auto (GStrv) directories = vq_image_name_get_directories ();

  if (!check_spelling (name, error))
    return NULL;
  return vq_image_name_is_system (name)
             ? provide_system (name, arch, cancel, error)
             : vq_image_name_find (name, (const char *const *)directories, error);
}
