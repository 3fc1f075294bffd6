// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/shared-dir.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/path.h"

static gboolean
set_once (char **field, const char *name, const char *value, GError **error)
{
  if (*field != NULL)
    return vq_error_set (error, VQ_ERROR_USAGE, "%s= is given twice", name);
  *field = g_strdup (value);
  return TRUE;
}

/* LAST points to the path to which a part without a meaning of its own belongs; NULL if there is
 * none. */
static gboolean
parse_part (VqSharedDir *dir, const char *part, char ***last, GError **error)
{
  char **field = *last;
  char *joined;

  if (g_str_has_prefix (part, "src="))
    return set_once (*last = &dir->source, "src", part + 4, error);
  if (g_str_has_prefix (part, "dst="))
    return set_once (*last = &dir->destination, "dst", part + 4, error);
  if (g_str_equal (part, "rw") && dir->writable)
    return vq_error_set (error, VQ_ERROR_USAGE, "rw is given twice");
  if (g_str_equal (part, "rw"))
    {
      *last = NULL;
      return dir->writable = TRUE;
    }
  if (field == NULL)
    return vq_error_set (error, VQ_ERROR_USAGE, "'%s' is not one of src=PATH, dst=PATH, rw", part);
  joined = g_strjoin (",", *field, part, NULL);
  g_free (*field);
  *field = joined;
  return TRUE;
}

static gboolean
check_paths (VqSharedDir *dir, GError **error)
{
  char *absolute;

  if (dir->source == NULL || *dir->source == '\0' || dir->destination == NULL
      || *dir->destination == '\0')
    return vq_error_set (error, VQ_ERROR_USAGE, "it needs both src=PATH and dst=PATH");
  if (dir->destination[0] != '/')
    return vq_error_set (error, VQ_ERROR_USAGE, "dst=%s is not an absolute path", dir->destination);
  if (dir->destination[strspn (dir->destination, "/.")] == '\0')
    return vq_error_set (error, VQ_ERROR_USAGE, "dst=%s is the guest's root", dir->destination);
  absolute = vq_path_make_absolute (dir->source, error);
  if (absolute == NULL)
    return FALSE;
  g_free (dir->source);
  dir->source = absolute;
  return TRUE;
}

VqSharedDir *
vq_shared_dir_parse (const char *text, GError **error)
{
  g_autoptr (VqSharedDir) dir = g_new0 (VqSharedDir, 1);
  g_auto (GStrv) parts = g_strsplit (text, ",", -1);
  char **last = NULL;

  for (char **part = parts; *part != NULL; part++)
    if (!parse_part (dir, *part, &last, error))
      return NULL;
  return check_paths (dir, error) ? g_steal_pointer (&dir) : NULL;
}

void
vq_shared_dir_free (VqSharedDir *dir)
{
  if (dir == NULL)
    return;
  g_free (dir->source);
  g_free (dir->destination);
  g_free (dir);
}

gboolean
vq_shared_dir_check (const VqSharedDir *dir, GError **error)
{
  if (!g_file_test (dir->source, G_FILE_TEST_EXISTS))
    return vq_error_set (error, VQ_ERROR_USAGE, "--shared-dir: there is no %s", dir->source);
  if (!g_file_test (dir->source, G_FILE_TEST_IS_DIR))
    return vq_error_set (error, VQ_ERROR_USAGE, "--shared-dir: %s is not a directory", dir->source);
  return access (dir->source, R_OK | X_OK) == 0
         || vq_error_set (error, VQ_ERROR_USAGE, "--shared-dir: cannot read %s: %s", dir->source,
                          g_strerror (errno));
}

char *
vq_shared_dir_build_tag (guint index)
{
  return g_strdup_printf ("vq-shared%u", index);
}
