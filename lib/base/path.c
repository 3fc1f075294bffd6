// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
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

char *
vq_path_build_user_config (const char *name)
{
  return g_build_filename (g_get_user_config_dir (), "virt-qemu", name, NULL);
}

/* Whether PATH is a directory that we can write to, or could make. */
static gboolean
can_be_written (const char *path)
{
  g_autofree char *parent = g_path_get_dirname (path);

  if (faccessat (AT_FDCWD, path, W_OK | X_OK, AT_EACCESS) == 0)
    return TRUE;
  return errno == ENOENT && strcmp (parent, path) != 0 && can_be_written (parent);
}

char *
vq_path_choose_cache (const char *cache, const char *fallback)
{
  if (can_be_written (cache))
    return g_build_filename (cache, "virt-qemu", NULL);
  return g_strdup_printf ("%s/virt-qemu-%u", fallback, (guint)geteuid ());
}

char *
vq_path_build_cache (void)
{
  const char *cache = g_get_user_cache_dir ();

  if (vq_path_get_variable ("XDG_CACHE_HOME") != NULL)
    return g_build_filename (cache, "virt-qemu", NULL);
  return vq_path_choose_cache (cache, "/var/tmp");
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
