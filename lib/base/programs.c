// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/programs.h"

#include "base/error.h"

#define INSTALLED "../libexec/virt-qemu"
#define INSTALLED_DATA "../share/virt-qemu"
#define COMMAND "virt-qemu"

/* The directory of the running program. */
static char *
get_own_directory (GError **error)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", error);

  return self != NULL ? g_path_get_dirname (self) : NULL;
}

/* The path of NAME in FOLDER, which is relative to DIRECTORY. */
static char *
get_path (const char *directory, const char *folder, const char *name)
{
  g_autofree char *relative = g_build_filename (folder, name, NULL);

  return g_canonicalize_filename (relative, directory);
}

/* NULL if no folder has it. */
static char *
find_in (const char *directory, const char *const *folders, const char *name, GFileTest test)
{
  for (; *folders != NULL; folders++)
    {
      g_autofree char *path = get_path (directory, *folders, name);

      if (g_file_test (path, test))
        return g_steal_pointer (&path);
    }
  return NULL;
}

/* The command for people is a package of its own, which the server does without. */
static gboolean
fail_to_find (const char *directory, const char *name, GError **error)
{
  g_autofree char *expected = get_path (directory, INSTALLED, name);

  if (g_str_equal (name, COMMAND))
    return vq_error_set (error, VQ_ERROR_FAILED, "there is no %s/%s: install the package %s",
                         directory, name, COMMAND);
  return vq_error_set (error, VQ_ERROR_FAILED,
                       "%s is missing: this program is not installed completely", expected);
}

char *
vq_programs_find (const char *name, GError **error)
{
  static const char *const folders[] = { ".", INSTALLED, NULL };
  g_autofree char *directory = get_own_directory (error);
  g_autofree char *path
      = directory != NULL ? find_in (directory, folders, name, G_FILE_TEST_IS_EXECUTABLE) : NULL;

  if (directory != NULL && path == NULL)
    fail_to_find (directory, name, error);
  return g_steal_pointer (&path);
}

char *
vq_programs_find_data (const char *name)
{
  static const char *const folders[] = { ".", INSTALLED_DATA, NULL };
  g_autofree char *directory = get_own_directory (NULL);

  return directory != NULL ? find_in (directory, folders, name, G_FILE_TEST_IS_REGULAR) : NULL;
}

char *
vq_programs_find_helper (const char *architecture, GError **error)
{
  static const char *const folders[] = { ".", INSTALLED, INSTALLED_DATA, NULL };
  g_autofree char *name = g_strconcat ("guest-helper-", architecture, NULL);
  g_autofree char *directory = get_own_directory (error);
  g_autofree char *path
      = directory != NULL ? find_in (directory, folders, name, G_FILE_TEST_IS_EXECUTABLE) : NULL;

  if (directory != NULL && path == NULL)
    vq_error_set (error, VQ_ERROR_MISSING,
                  "there is no guest helper for %s guests: install the package virt-qemu-helpers, "
                  "or run \"make helpers\" where this program was built",
                  architecture);
  return g_steal_pointer (&path);
}
