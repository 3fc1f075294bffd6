// SPDX-License-Identifier: GPL-2.0-or-later
/* First everything is forced onto the disk, then the mark is made, then that is forced onto the
 * disk. So if the mark is there after a crash, everything else is, too. The directory above is
 * among the first, because it has the template's name. */
#include "template/template-sync.h"

#include "base/error.h"
#include "io/child.h"

struct _VqTemplateSync
{
  VqTemplate *template; /* not owned */
  guint begin_id;       /* 0: it has begun, or need not begin */
  VqChild *child;       /* owned; NULL until it begins, and when it is over */
  gboolean marked;
  GError *failure; /* why there is no mark, or none on the disk; NULL: it has not failed */
};

static gboolean
is_over (gpointer data)
{
  const VqTemplateSync *sync = data;

  return sync->begin_id == 0 && sync->child == NULL;
}

static void
fail (VqTemplateSync *sync, GError *why)
{
  g_debug ("the template is not kept for the next boot of the host: %s", why->message);
  sync->failure = why;
}

/* All of the template's files, it itself, and what has its name. */
static char **
list_all (VqPrivateDir *dir, GError **error)
{
  g_auto (GStrv) names = vq_private_dir_list (dir, error);
  g_autoptr (GStrvBuilder) argv = g_strv_builder_new ();
  g_autofree char *above = g_path_get_dirname (vq_private_dir_get_path (dir));

  if (names == NULL)
    return NULL;
  g_strv_builder_add_many (argv, "sync", "--", NULL);
  for (char **name = names; *name != NULL; name++)
    {
      g_autofree char *path = vq_private_dir_join (dir, *name);

      g_strv_builder_add (argv, path);
    }
  g_strv_builder_add_many (argv, vq_private_dir_get_path (dir), above, NULL);
  return g_strv_builder_end (argv);
}

static void on_ended (VqChild *child, gpointer data);

static gboolean
spawn (VqTemplateSync *sync, const char *const *argv, GError **error)
{
  sync->child = vq_child_spawn (argv, NULL, error);
  if (sync->child != NULL)
    vq_child_on_ended (sync->child, on_ended, sync);
  return sync->child != NULL;
}

static gboolean
mark (VqTemplateSync *sync, GError **error)
{
  const char *argv[] = { "sync", "--", vq_template_get_directory (sync->template), NULL };

  sync->marked = TRUE;
  return vq_template_mark_synced (sync->template, error) && spawn (sync, argv, error);
}

static void
on_ended (VqChild *child, gpointer data)
{
  VqTemplateSync *sync = data;
  GError *error = NULL;
  gboolean ok = vq_child_check_success (child, &error);

  g_clear_pointer (&sync->child, vq_child_free);
  if (ok && sync->marked)
    g_debug ("the template is on the disk");
  else if (!ok || !mark (sync, &error))
    fail (sync, error);
}

static void
begin (VqTemplateSync *sync)
{
  GError *error = NULL;
  g_auto (GStrv) argv = list_all (vq_template_get_dir (sync->template), &error);

  sync->begin_id = 0;
  if (argv == NULL || !spawn (sync, (const char *const *)argv, &error))
    fail (sync, error);
}

static gboolean
on_time (gpointer data)
{
  begin (data);
  return G_SOURCE_REMOVE;
}

VqTemplateSync *
vq_template_sync_new (VqTemplate *template, guint seconds)
{
  VqTemplateSync *sync = g_new0 (VqTemplateSync, 1);

  sync->template = template;
  if (!vq_template_info_is_synced (vq_template_get_info (template)))
    sync->begin_id = g_timeout_add_seconds (seconds, on_time, sync);
  return sync;
}

gboolean
vq_template_sync_wait (VqTemplateSync *sync, gint64 deadline, VqCancel *cancel, GError **error)
{
  if (sync->begin_id != 0)
    {
      g_source_remove (sync->begin_id);
      begin (sync);
    }
  if (!vq_wait_until (is_over, sync, deadline, cancel, "end of sync", error))
    return FALSE;
  if (sync->failure == NULL)
    return TRUE;
  g_propagate_error (error, g_error_copy (sync->failure));
  return FALSE;
}

void
vq_template_sync_free (VqTemplateSync *sync)
{
  if (sync == NULL)
    return;
  g_clear_handle_id (&sync->begin_id, g_source_remove);
  vq_child_free (sync->child);
  g_clear_error (&sync->failure);
  g_free (sync);
}
