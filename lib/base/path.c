// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/path.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/error.h"

char *
vq_path_make_absolute (const char *path, GError **error)
{
  char *here;
  char *absolute = NULL;

  if (path[0] == '/')
    return g_strdup (path);
  /* Not g_get_current_dir, which gives "/" if the directory has been removed. */
  here = getcwd (NULL, 0);
  if (here != NULL && here[0] == '/')
    absolute = g_build_filename (here, path, NULL);
  else
    vq_error_set (error, VQ_ERROR_USAGE,
                  "the current directory has been removed, so there is no %s in it: go to another "
                  "directory, or give the whole path",
                  path);
  free (here);
  return absolute;
}

const char *
vq_path_get_variable (const char *name)
{
  const char *value = g_getenv (name);

  return value != NULL && value[0] != '\0' ? value : NULL;
}

char *
vq_path_build_runtime (void)
{
  const char *given = vq_path_get_variable ("VIRT_QEMU_RUNTIME_DIR");
  const char *runtime = vq_path_get_variable ("XDG_RUNTIME_DIR");

  if (given != NULL)
    return g_strdup (given);
  if (geteuid () == 0)
    return g_strdup ("/run/virt-qemu");
  if (runtime != NULL)
    return g_build_filename (runtime, "virt-qemu", NULL);
  return g_strdup_printf ("%s/virt-qemu-%u", g_get_tmp_dir (), (guint)geteuid ());
}

gboolean
vq_path_get_room (const char *path, guint64 *bytes, GError **error)
{
  struct statvfs st;

  *bytes = 0;
  if (statvfs (path, &st) < 0)
    return vq_error_set_errno (error, errno, "cannot ask %s how much room it has", path);
  *bytes = (guint64)st.f_bavail * st.f_frsize;
  return TRUE;
}
