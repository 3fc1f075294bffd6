// SPDX-License-Identifier: GPL-2.0-or-later
/* Nothing is forced onto the disk here (no fsync), because some hundred MB of memory take seconds.
 * While the host runs, every process sees what was written, and the directory is renamed only when
 * everything in it is complete. After a crash of the host, files may be short, or have holes that
 * look like unused memory of the guest. So after a reboot a template is only used if it was forced
 * onto the disk later (template-sync.h). */
#include "template/template-build.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "template/template-entry.h"
#include "template/template-name.h"
#include "base/units.h"
#include "io/use-lock.h"

struct _VqTemplateBuild
{
  VqPrivateDir *cache; /* not owned */
  VqTemplateLimits limits;
  VqTemplateTurn *turn; /* owned */
  VqPrivateDir *dir;    /* owned; NULL once it is a template */
  VqTemplateInfo *info; /* owned; NULL once it is a template */
  char *new_name;       /* the directory's present name */
  char *name;           /* the name that the template will have */
};

/* Removes the templates for KEY that are not in use. Those that are in use stay, because their
 * users know their paths. *NUMBER is one more than the largest number among those. */
static gboolean
make_place (VqPrivateDir *cache, const char *key, guint *number, GError **error)
{
  g_auto (GStrv) names = vq_private_dir_list (cache, error);

  if (names == NULL)
    return FALSE;
  *number = 1;
  for (char **name = names; *name != NULL; name++)
    {
      g_autoptr (GError) reason = NULL;
      gboolean removed;
      guint taken;

      if (!vq_template_name_is_of (*name, key))
        continue;
      if (!vq_template_entry_remove (cache, *name, &removed, &reason))
        g_warning ("%s", reason->message);
      if ((reason != NULL || !removed) && vq_template_name_parse (*name, NULL, &taken))
        *number = MAX (*number, taken + 1);
    }
  return TRUE;
}

static gboolean
make_directory (VqTemplateBuild *build, const VqTemplateKey *key, GError **error)
{
  const char *digest;
  guint number;

  build->info = vq_template_info_new (key, error);
  if (build->info == NULL)
    return FALSE;
  digest = vq_template_info_get_key (build->info);
  if (!make_place (build->cache, digest, &number, error))
    return FALSE;
  build->name = vq_template_name_build (digest, number);
  build->new_name = vq_template_name_build_new (digest);
  /* It is our turn, so the process that began an earlier build is gone. */
  if (!vq_private_dir_remove_child (build->cache, build->new_name, NULL, error))
    return FALSE;
  build->dir = vq_private_dir_make_child (build->cache, build->new_name, error);
  return build->dir != NULL;
}

VqTemplateBuild *
vq_template_build_new (VqPrivateDir *cache, const VqTemplateKey *key,
                       const VqTemplateLimits *limits, VqTemplateTurn *turn, GError **error)
{
  g_autoptr (VqTemplateBuild) build = g_new0 (VqTemplateBuild, 1);

  build->cache = cache;
  build->limits = *limits;
  build->turn = turn;
  return make_directory (build, key, error) ? g_steal_pointer (&build) : NULL;
}

void
vq_template_build_free (VqTemplateBuild *build)
{
  g_autoptr (GError) error = NULL;

  if (build == NULL)
    return;
  if (build->dir != NULL && vq_private_dir_is_current (build->dir)
      && !vq_private_dir_remove_child (build->cache, build->new_name, NULL, &error))
    g_warning ("%s", error->message);
  vq_private_dir_free (build->dir);
  vq_template_info_free (build->info);
  vq_template_turn_free (build->turn);
  g_free (build->new_name);
  g_free (build->name);
  g_free (build);
}

gboolean
vq_template_build_check_room (VqTemplateBuild *build, guint64 bytes, GError **error)
{
  g_autofree char *needed = vq_units_size_to_string (bytes);
  g_autofree char *there = NULL;
  struct statvfs st;

  if (fstatvfs (vq_private_dir_get_fd (build->dir), &st) < 0)
    return vq_error_set_errno (error, errno, "cannot ask %s how much room it has",
                               vq_private_dir_get_path (build->cache));
  if (st.f_bavail >= (bytes + st.f_frsize - 1) / st.f_frsize)
    return TRUE;
  there = vq_units_size_to_string ((guint64)st.f_bavail * st.f_frsize);
  return vq_error_set (error, VQ_ERROR_NO_ROOM,
                       "a template may take %s, but only %s are free in %s: give another "
                       "directory with --template-dir",
                       needed, there, vq_private_dir_get_path (build->cache));
}

const char *
vq_template_build_get_directory (VqTemplateBuild *build)
{
  return vq_private_dir_get_path (build->dir);
}

char *
vq_template_build_get_final_path (VqTemplateBuild *build)
{
  return vq_private_dir_join (build->cache, build->name);
}

void
vq_template_build_set (VqTemplateBuild *build, const char *name, const char *value)
{
  vq_template_info_set (build->info, name, value);
}

/* Fails if the file NAME is missing or empty. */
static gboolean
check_needed (VqTemplateBuild *build, const char *name, GError **error)
{
  struct stat st;

  if (!vq_private_dir_stat (build->dir, name, &st, error))
    return FALSE;
  if (st.st_size > 0)
    return TRUE;
  return vq_error_set (error, VQ_ERROR_FAILED, "%s/%s is empty",
                       vq_private_dir_get_path (build->dir), name);
}

static gboolean
record_files (VqTemplateBuild *build, GError **error)
{
  static const char *const needed[] = { VQ_TEMPLATE_RAM, VQ_TEMPLATE_DISK, VQ_TEMPLATE_STATE };
  g_auto (GStrv) names = vq_private_dir_list (build->dir, error);

  if (names == NULL)
    return FALSE;
  for (char **name = names; *name != NULL; name++)
    if (!vq_template_info_add_file (build->info, build->dir, *name, error))
      return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (needed); i++)
    if (!check_needed (build, needed[i], error))
      return FALSE;
  return TRUE;
}

/* Makes the lock file for users and takes the shared lock, before others can see the template. */
static int
take_use_lock (VqTemplateBuild *build, GError **error)
{
  vq_autofd int fd
      = vq_private_dir_open_file (build->dir, VQ_TEMPLATE_LOCK, O_RDWR | O_CREAT | O_EXCL, error);
  gboolean taken = FALSE;
  gboolean done = fd >= 0 && vq_use_lock_take (fd, VQ_USE_SHARED, &taken, error);

  if (taken)
    return g_steal_fd (&fd);
  if (done)
    vq_error_set (error, VQ_ERROR_FAILED, "somebody else has locked %s",
                  vq_private_dir_get_path (build->dir));
  return -1;
}

static gboolean
rename_into_place (VqTemplateBuild *build, GError **error)
{
  if (!vq_private_dir_is_current (build->dir))
    return vq_error_set (error, VQ_ERROR_FAILED, "somebody has removed %s",
                         vq_private_dir_get_path (build->dir));
  return vq_private_dir_rename (build->dir, build->cache, build->name, error);
}

VqTemplate *
vq_template_build_commit (VqTemplateBuild *build, GError **error)
{
  VqTemplate *template;
  vq_autofd int lock_fd = -1;

  if (!record_files (build, error))
    return NULL;
  lock_fd = take_use_lock (build, error);
  if (lock_fd < 0 || !vq_template_info_write (build->info, build->dir, error)
      || !rename_into_place (build, error))
    return NULL;
  template = vq_template_new (g_steal_pointer (&build->dir), g_steal_fd (&lock_fd),
                              g_steal_pointer (&build->info));
  g_clear_pointer (&build->turn, vq_template_turn_free);
  vq_template_sweep (build->cache, &build->limits, NULL);
  return template;
}
