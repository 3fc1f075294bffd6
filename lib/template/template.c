// SPDX-License-Identifier: GPL-2.0-or-later
#include "template/template.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "template/template-name.h"
#include "io/use-lock.h"

struct _VqTemplate
{
  VqPrivateDir *dir;    /* owned */
  int lock_fd;          /* owned; it holds the shared lock */
  VqTemplateInfo *info; /* owned */
};

VqTemplate *
vq_template_new (VqPrivateDir *dir, int lock_fd, VqTemplateInfo *info)
{
  VqTemplate *template = g_new0 (VqTemplate, 1);

  template->dir = dir;
  template->lock_fd = lock_fd;
  template->info = info;
  return template;
}

void
vq_template_free (VqTemplate *template)
{
  if (template == NULL)
    return;
  vq_fd_clear (&template->lock_fd);
  vq_template_info_free (template->info);
  vq_private_dir_free (template->dir);
  g_free (template);
}

/* Takes the shared lock. *THERE is FALSE if another process is removing the template or has removed
 * it: that process takes the lock first, and then renames the directory. */
static gboolean
lock (VqTemplate *template, gboolean *there, GError **error)
{
  template->lock_fd = vq_private_dir_open_file (template->dir, VQ_TEMPLATE_LOCK, O_RDWR, error);
  if (template->lock_fd < 0)
    return FALSE;
  if (!vq_use_lock_take (template->lock_fd, VQ_USE_SHARED, there, error))
    return FALSE;
  *there = *there && vq_private_dir_is_current (template->dir);
  return TRUE;
}

static gboolean
check_info (VqTemplate *template, const char *name, GError **error)
{
  static const char *const needed[] = { VQ_TEMPLATE_RAM, VQ_TEMPLATE_DISK, VQ_TEMPLATE_STATE };
  const char *path = vq_private_dir_get_path (template->dir);

  if (!vq_template_name_is_of (name, vq_template_info_get_key (template->info)))
    return vq_error_set (error, VQ_ERROR_FAILED, "%s has been made for another key", path);
  for (gsize i = 0; i < G_N_ELEMENTS (needed); i++)
    if (!vq_template_info_has_file (template->info, needed[i]))
      return vq_error_set (error, VQ_ERROR_FAILED, "%s has no file %s", path, needed[i]);
  return TRUE;
}

static gboolean
load (VqTemplate *template, const char *name, gboolean *there, GError **error)
{
  if (!lock (template, there, error))
    return FALSE;
  if (!*there)
    return TRUE;
  template->info = vq_template_info_read (template->dir, error);
  return template->info != NULL && check_info (template, name, error)
         && vq_template_info_check (template->info, template->dir, error);
}

VqTemplate *
vq_template_open (VqPrivateDir *cache, const char *name, GError **error)
{
  g_autoptr (VqTemplate) template = vq_template_new (NULL, -1, NULL);
  g_autoptr (GError) reason = NULL;
  gboolean there = FALSE;

  template->dir = vq_private_dir_open_child (cache, name, &reason);
  if (template->dir != NULL && load (template, name, &there, &reason))
    {
      futimens (template->lock_fd,
                NULL); /* if this fails, the template may only be removed earlier */
      return there ? g_steal_pointer (&template) : NULL;
    }
  /* If another process removes the template meanwhile, any of the calls above may fail, and that is
   * not reported. By now, another template may have the name. */
  if (template->dir != NULL ? vq_private_dir_is_current (template->dir)
                            : !vq_error_is_missing (reason))
    g_propagate_error (error, g_steal_pointer (&reason));
  return NULL;
}

gboolean
vq_template_check (VqTemplate *template, GError **error)
{
  const char *path = vq_private_dir_get_path (template->dir);

  errno = ENOENT; /* another directory may have the name */
  if (!vq_private_dir_is_current (template->dir))
    return errno == ENOENT
               ? vq_error_set (error, VQ_ERROR_FAILED, "the template %s has been removed", path)
               : vq_error_set_errno (error, errno, "cannot look at the template %s", path);
  return vq_template_info_check (template->info, template->dir, error);
}

const char *
vq_template_get_directory (VqTemplate *template)
{
  return vq_private_dir_get_path (template->dir);
}

VqPrivateDir *
vq_template_get_dir (VqTemplate *template)
{
  return template->dir;
}

gboolean
vq_template_mark_synced (VqTemplate *template, GError **error)
{
  g_autoptr (GError) why = NULL;

  if (vq_private_dir_write (template->dir, VQ_TEMPLATE_INFO_SYNCED, "", &why)
      || vq_template_info_has_mark (template->dir))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&why));
  return FALSE;
}

const VqTemplateInfo *
vq_template_get_info (const VqTemplate *template)
{
  return template->info;
}

const char *
vq_template_get (const VqTemplate *template, const char *name)
{
  return vq_template_info_get (template->info, name);
}
