// SPDX-License-Identifier: GPL-2.0-or-later
#include "template/template-sweep.h"

#include "io/lock-file.h"
#include "template/template-entry.h"
#include "template/template-name.h"

/* Removes what a killed process has left for NAME's key, unless a process is making a template for
 * that key now. NAME is either a directory that was being made, or a lock file; a lock file is
 * removed simply by taking and releasing the lock. */
static void
sweep_build (VqPrivateDir *cache, const char *name, const char *key, gboolean is_directory)
{
  g_autofree char *lock_name = vq_template_name_build_lock (key);
  g_autoptr (GError) error = NULL;
  g_autoptr (VqLockFile) lock = NULL;

  if (!vq_lock_file_try (cache, lock_name, &lock, &error)
      || (lock != NULL && is_directory && !vq_private_dir_remove_child (cache, name, NULL, &error)))
    g_warning ("%s", error->message);
  else if (lock != NULL && is_directory)
    g_debug ("removed %s: its maker is gone", name);
}

static void
sweep_old (VqPrivateDir *cache, const char *name)
{
  g_autoptr (GError) error = NULL;

  if (!vq_template_entry_remove_old (cache, name, &error))
    g_warning ("%s", error->message);
}

void
vq_template_sweep_garbage (VqPrivateDir *cache)
{
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) names = vq_private_dir_list (cache, &error);

  if (names == NULL)
    g_warning ("%s", error->message);
  for (char **name = names; name != NULL && *name != NULL; name++)
    {
      g_autofree char *key = NULL;

      if (g_str_has_prefix (*name, VQ_TEMPLATE_NAME_OLD))
        sweep_old (cache, *name);
      else if (vq_template_name_parse_new (*name, &key))
        sweep_build (cache, *name, key, TRUE);
      else if (vq_template_name_parse_lock (*name, &key))
        sweep_build (cache, *name, key, FALSE);
    }
}

const char *
vq_template_sweep_expired (const VqTemplateInfo *info, const VqTemplateLimits *limits)
{
  if (!vq_template_info_is_safe (info))
    return "this host booted before all of it was on the disk";
  if (limits->max_age > 0 && (guint64)vq_template_info_get_age (info) >= limits->max_age)
    return "it is too old";
  return NULL;
}

static const char *
find_reason (const VqTemplateEntry *entry, const VqTemplateLimits *limits)
{
  if (entry->problem != NULL && !entry->is_unknown)
    return entry->problem;
  if (entry->is_superseded)
    return "there is a newer one";
  if (entry->is_unknown)
    return NULL;
  return vq_template_sweep_expired (entry->info, limits);
}

/* Returns FALSE if the template is still there. */
static gboolean
remove_entry (VqPrivateDir *cache, const VqTemplateEntry *entry, const char *reason,
              VqTemplateSwept *swept)
{
  g_autoptr (GError) error = NULL;
  gboolean removed;

  if (entry->is_in_use)
    return FALSE;
  if (!vq_template_entry_remove (cache, entry->name, &removed, &error))
    g_warning ("%s", error->message);
  if (error != NULL || !removed)
    return FALSE;
  g_debug ("removed the template %s: %s", entry->name, reason);
  swept->n_templates++;
  swept->bytes += entry->allocated;
  return TRUE;
}

static GPtrArray *
scan (VqPrivateDir *cache)
{
  g_autoptr (GError) error = NULL;
  GPtrArray *entries = vq_template_entry_scan (cache, &error);

  if (entries == NULL)
    g_warning ("%s", error->message);
  return entries;
}

/* Also removes from ENTRIES what is gone. */
static void
sweep_useless (VqPrivateDir *cache, GPtrArray *entries, const VqTemplateLimits *limits,
               VqTemplateSwept *swept)
{
  for (guint i = entries->len; i > 0; i--)
    {
      const char *reason = find_reason (entries->pdata[i - 1], limits);

      if (reason != NULL && remove_entry (cache, entries->pdata[i - 1], reason, swept))
        g_ptr_array_remove_index (entries, i - 1);
    }
}

/* ENTRIES are in the order in which they should be removed. */
static void
sweep_surplus (VqPrivateDir *cache, GPtrArray *entries, guint64 max_size, VqTemplateSwept *swept)
{
  guint64 sum = 0;

  for (guint i = 0; i < entries->len; i++)
    sum += ((VqTemplateEntry *)entries->pdata[i])->allocated;
  for (guint i = 0; i < entries->len && sum > max_size; i++)
    {
      const VqTemplateEntry *entry = entries->pdata[i];

      if (remove_entry (cache, entry, "the cache is too large", swept))
        sum -= entry->allocated;
    }
}

void
vq_template_sweep (VqPrivateDir *cache, const VqTemplateLimits *limits, VqTemplateSwept *swept)
{
  g_autoptr (GPtrArray) entries = NULL;
  VqTemplateSwept own = { 0 };

  vq_template_sweep_garbage (cache);
  entries = scan (cache);
  if (entries != NULL)
    sweep_useless (cache, entries, limits, &own);
  if (entries != NULL && limits->max_size > 0)
    sweep_surplus (cache, entries, limits->max_size, &own);
  if (swept != NULL)
    *swept = own;
}

void
vq_template_sweep_unused (VqPrivateDir *cache, VqTemplateSwept *swept, guint *n_kept)
{
  g_autoptr (GPtrArray) entries = NULL;

  *swept = (VqTemplateSwept){ 0 };
  *n_kept = 0;
  vq_template_sweep_garbage (cache);
  entries = scan (cache);
  for (guint i = 0; entries != NULL && i < entries->len; i++)
    if (!remove_entry (cache, entries->pdata[i], "it is not in use", swept))
      ++*n_kept;
}
