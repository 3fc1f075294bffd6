// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/path.h"

#include <errno.h>
#include <stdlib.h>
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
