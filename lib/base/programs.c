// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/programs.h"

#include "base/error.h"

char *
vq_programs_find (const char *name, GError **error)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", error);
  g_autofree char *directory = self != NULL ? g_path_get_dirname (self) : NULL;
  g_autofree char *beside = NULL;
  g_autofree char *relative = NULL;
  g_autofree char *installed = NULL;

  if (self == NULL)
    return NULL;
  beside = g_build_filename (directory, name, NULL);
  if (g_file_test (beside, G_FILE_TEST_IS_EXECUTABLE))
    return g_steal_pointer (&beside);
  relative = g_build_filename ("../libexec/virt-qemu", name, NULL);
  installed = g_canonicalize_filename (relative, directory);
  if (g_file_test (installed, G_FILE_TEST_IS_EXECUTABLE))
    return g_steal_pointer (&installed);
  vq_error_set (error, VQ_ERROR_FAILED, "%s is missing: this program is not installed completely",
                installed);
  return NULL;
}

char *
vq_programs_find_helper (const char *architecture, GError **error)
{
  g_autofree char *name = g_strconcat ("guest-helper-", architecture, NULL);

  return vq_programs_find (name, error);
}
