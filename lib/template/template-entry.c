// SPDX-License-Identifier: GPL-2.0-or-later
/* To remove a template, a process takes its lock exclusively, renames the directory to a name that
 * nobody looks for, and then deletes the files, the lock file last. So if a directory is only half
 * removed, its lock tells whether another process is still removing it. */
#include "template/template-entry.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "template/template-name.h"
#include "template/template.h"
#include "io/use-lock.h"

static void
entry_free (gpointer data)
{
  VqTemplateEntry *entry = data;

  g_free (entry->name);
  g_free (entry->key);
  g_clear_pointer (&entry->info, vq_template_info_free);
  g_free (entry->problem);
  g_free (entry);
}

/* Works even if the file is open to other users, because a template that cannot be used must still
 * be removable. */
static int
open_lock (VqPrivateDir *dir, int flags)
{
  return openat (vq_private_dir_get_fd (dir), VQ_TEMPLATE_LOCK,
                 O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | flags, 0600);
}

static void
look_at_lock (VqTemplateEntry *entry, VqPrivateDir *dir)
{
  vq_autofd int fd = open_lock (dir, 0);
  struct stat st;

  if (fd >= 0)
    entry->is_in_use = vq_use_lock_is_held (fd);
  if (fstat (fd >= 0 ? fd : vq_private_dir_get_fd (dir), &st) == 0)
    entry->last_used = (gint64)st.st_mtim.tv_sec * G_USEC_PER_SEC + st.st_mtim.tv_nsec / 1000;
}

static void
look_at_info (VqTemplateEntry *entry, VqPrivateDir *cache)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VqPrivateDir) dir = vq_private_dir_open_child (cache, entry->name, &error);

  if (dir != NULL)
    entry->info = vq_template_info_read (dir, &error);
  if (entry->info == NULL || !vq_template_info_check (entry->info, dir, &error))
    {
      entry->problem = g_strdup (error->message);
      entry->is_unknown = vq_error_is_of_host (error);
    }
}

/* Takes over KEY. Returns NULL if NAME is not a directory, or is gone. */
static VqTemplateEntry *
entry_new (VqPrivateDir *cache, const char *name, char *key, guint number)
{
  g_autoptr (VqPrivateDir) dir = vq_private_dir_open_child_anyhow (cache, name, NULL);
  VqTemplateEntry *entry = g_new0 (VqTemplateEntry, 1);

  entry->name = g_strdup (name);
  entry->key = key;
  entry->number = number;
  if (dir == NULL)
    {
      entry_free (entry);
      return NULL;
    }
  look_at_lock (entry, dir);
  look_at_info (entry, cache);
  entry->allocated = vq_private_dir_get_allocated (dir);
  if (vq_private_dir_is_current (dir))
    return entry;
  entry_free (entry);
  return NULL;
}

static void
mark_superseded (GPtrArray *entries)
{
  for (guint i = 0; i < entries->len; i++)
    for (guint k = 0; k < entries->len; k++)
      {
        VqTemplateEntry *entry = entries->pdata[i];
        const VqTemplateEntry *other = entries->pdata[k];

        if (strcmp (entry->key, other->key) == 0 && entry->number < other->number)
          entry->is_superseded = TRUE;
      }
}

static int
compare_use (gconstpointer a, gconstpointer b)
{
  const VqTemplateEntry *one = *(VqTemplateEntry *const *)a;
  const VqTemplateEntry *other = *(VqTemplateEntry *const *)b;

  if (one->last_used != other->last_used)
    return one->last_used < other->last_used ? -1 : 1;
  return strcmp (one->name, other->name);
}

GPtrArray *
vq_template_entry_scan (VqPrivateDir *cache, GError **error)
{
  g_auto (GStrv) names = vq_private_dir_list (cache, error);
  GPtrArray *entries;

  if (names == NULL)
    return NULL;
  entries = g_ptr_array_new_with_free_func (entry_free);
  for (char **name = names; *name != NULL; name++)
    {
      VqTemplateEntry *entry = NULL;
      char *key;
      guint number;

      if (vq_template_name_parse (*name, &key, &number))
        entry = entry_new (cache, *name, key, number);
      if (entry != NULL)
        g_ptr_array_add (entries, entry);
    }
  mark_superseded (entries);
  g_ptr_array_sort (entries, compare_use);
  return entries;
}

/* Whether TEXT can mean ENTRY. */
static gboolean
is_meant (const VqTemplateEntry *entry, const char *text)
{
  const char *dot = strchr (text, '.');
  gsize n_digits = dot != NULL ? (gsize)(dot - text) : strlen (text);

  return n_digits > 0 && n_digits <= strlen (entry->key)
         && strncmp (entry->key, text, n_digits) == 0
         && (dot == NULL || strcmp (entry->name + strlen (entry->key), dot) == 0);
}

/* Picks one of MEANT, which has at least one entry. Returns NULL if several are possible. */
static const VqTemplateEntry *
pick (GPtrArray *meant)
{
  const VqTemplateEntry *first = meant->pdata[0];

  for (guint i = 1; i < meant->len; i++)
    {
      const VqTemplateEntry *other = meant->pdata[i];

      if (strcmp (other->key, first->key) != 0)
        return NULL;
      if (other->number < first->number)
        first = other;
    }
  return meant->len == 1 || first->number == 1 ? first : NULL;
}

const VqTemplateEntry *
vq_template_entry_find (GPtrArray *entries, const char *text, GError **error)
{
  g_autoptr (GPtrArray) meant = g_ptr_array_new ();
  const VqTemplateEntry *entry = NULL;

  for (guint i = 0; i < entries->len; i++)
    if (is_meant (entries->pdata[i], text))
      g_ptr_array_add (meant, entries->pdata[i]);
  if (meant->len > 0)
    entry = pick (meant);
  if (meant->len == 0)
    vq_error_set (error, VQ_ERROR_MISSING, "there is no template \"%s\"", text);
  else if (entry == NULL)
    vq_error_set (error, VQ_ERROR_FAILED, "%s can mean %u templates: give more of the key", text,
                  meant->len);
  return entry;
}

/* The caller holds the lock. */
static gboolean
rename_and_delete (VqPrivateDir *cache, VqPrivateDir *dir, const char *name, GError **error)
{
  g_autofree char *old = g_strdup_printf (VQ_TEMPLATE_NAME_OLD "%s-%08x", name, g_random_int ());

  return vq_private_dir_rename (dir, cache, old, error)
         && vq_private_dir_remove_child (cache, old, VQ_TEMPLATE_LOCK, error);
}

static gboolean
remove_locked (VqPrivateDir *cache, VqPrivateDir *dir, const char *name, int lock_fd,
               gboolean *removed, GError **error)
{
  if (!vq_use_lock_take (lock_fd, VQ_USE_EXCLUSIVE, removed, error))
    return FALSE;
  if (!*removed || !vq_private_dir_is_current (dir))
    return TRUE;
  return rename_and_delete (cache, dir, name, error);
}

/* If there is no lock file, makes one, unless another process is removing the template right
 * now. */
static int
open_or_make_lock (VqPrivateDir *dir)
{
  int fd = open_lock (dir, 0);

  if (fd < 0 && errno == ENOENT && vq_private_dir_is_current (dir))
    fd = open_lock (dir, O_CREAT);
  return fd;
}

/* Sets *REMOVED as vq_template_entry_remove does. If another process has removed the template
 * meanwhile, that is not a failure, even if another template has the name by now. ENOENT may also
 * come from a directory that still has its name but is just being removed, because no file can be
 * made in it. */
static gboolean
remove_open (VqPrivateDir *cache, VqPrivateDir *dir, const char *name, gboolean *removed,
             GError **error)
{
  vq_autofd int lock_fd = open_or_make_lock (dir);
  int errnum = errno;

  if (lock_fd >= 0)
    return remove_locked (cache, dir, name, lock_fd, removed, error);
  return errnum == ENOENT || !vq_private_dir_is_current (dir)
         || vq_error_set_errno (error, errnum, "cannot lock %s", vq_private_dir_get_path (dir));
}

gboolean
vq_template_entry_remove (VqPrivateDir *cache, const char *name, gboolean *removed, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (VqPrivateDir) dir = vq_private_dir_open_child_anyhow (cache, name, &local);

  *removed = TRUE;
  if (dir != NULL)
    return remove_open (cache, dir, name, removed, error);
  if (vq_error_is_missing (local))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

gboolean
vq_template_entry_remove_old (VqPrivateDir *cache, const char *name, GError **error)
{
  g_autoptr (VqPrivateDir) dir = vq_private_dir_open_child_anyhow (cache, name, NULL);
  vq_autofd int lock_fd = dir != NULL ? open_lock (dir, 0) : -1;
  gboolean free = TRUE;

  if (lock_fd >= 0 && !vq_use_lock_take (lock_fd, VQ_USE_EXCLUSIVE, &free, error))
    return FALSE;
  return !free || dir == NULL || vq_private_dir_remove_child (cache, name, VQ_TEMPLATE_LOCK, error);
}
