// SPDX-License-Identifier: GPL-2.0-or-later
#include "pull/pull-entry.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "image/image-hold.h"
#include "image/os-name.h"
#include "io/lock-file.h"
#include "pull/pull-cache.h"

#define PREFIX "sha256-"
#define RECORD ".json"
#define LEFT_SECONDS (7 * 24 * 3600)

static void
entry_free (gpointer data)
{
  VqPullEntry *entry = data;

  g_free (entry->file);
  g_free (entry->path);
  g_strfreev (entry->urls);
  g_free (entry->user);
  g_free (entry);
}

static gboolean
is_record (const char *name)
{
  return g_str_has_prefix (name, "url-") && g_str_has_suffix (name, RECORD)
         && !g_str_has_suffix (name, ".part" RECORD);
}

/* Whether NAME is the link by which a system's image is found, and leads to FILE. */
static gboolean
is_link (VqPrivateDir *dir, const char *name, const char *file)
{
  g_autofree char *path = vq_private_dir_join (dir, name);
  g_autofree char *system = vq_os_name_from_file (name);
  g_autofree char *target = system != NULL ? g_file_read_link (path, NULL) : NULL;

  return g_strcmp0 (target, file) == 0;
}

/* The addresses that have led to FILE, and the systems whose image it is. Transfer full. */
static char **
find_urls (VqPrivateDir *dir, const char *const *names, const char *file)
{
  g_autoptr (GStrvBuilder) urls = g_strv_builder_new ();

  for (; *names != NULL; names++)
    {
      g_autofree char *system = is_link (dir, *names, file) ? vq_os_name_from_file (*names) : NULL;
      g_autoptr (VqPullRecord) record
          = is_record (*names) ? vq_pull_cache_read (dir, *names) : NULL;

      if (record != NULL && g_strcmp0 (record->file, file) == 0)
        g_strv_builder_add (urls, record->url);
      if (system != NULL)
        g_strv_builder_add (urls, system);
    }
  return g_strv_builder_end (urls);
}

/* NULL if it is none, or not ours. */
static VqPullEntry *
read_entry (VqPrivateDir *dir, const char *const *names, const char *file)
{
  g_autofree char *lock = g_strconcat (file, VQ_IMAGE_HOLD_SUFFIX, NULL);
  struct stat image, used;
  VqPullEntry *entry;

  if (!vq_image_hold_is_for (file) || !vq_private_dir_stat (dir, file, &image, NULL))
    return NULL;
  if (!vq_private_dir_stat (dir, lock, &used, NULL))
    used = image;
  entry = g_new0 (VqPullEntry, 1);
  entry->file = g_strdup (file);
  entry->path = vq_private_dir_join (dir, file);
  entry->urls = find_urls (dir, names, file);
  entry->allocated = (guint64)image.st_blocks * 512;
  entry->last_used = used.st_mtim.tv_sec * G_USEC_PER_SEC + used.st_mtim.tv_nsec / 1000;
  entry->is_used = vq_image_hold_is_used (entry->path, &entry->user);
  return entry;
}

static int
compare (gconstpointer a, gconstpointer b)
{
  const VqPullEntry *one = *(VqPullEntry *const *)a;
  const VqPullEntry *other = *(VqPullEntry *const *)b;

  return (one->last_used > other->last_used) - (one->last_used < other->last_used);
}

GPtrArray *
vq_pull_entry_scan (VqPrivateDir *dir, GError **error)
{
  g_auto (GStrv) names = vq_private_dir_list (dir, error);
  GPtrArray *entries;

  if (names == NULL)
    return NULL;
  entries = g_ptr_array_new_with_free_func (entry_free);
  for (char **name = names; *name != NULL; name++)
    {
      VqPullEntry *entry = read_entry (dir, (const char *const *)names, *name);

      if (entry != NULL)
        g_ptr_array_add (entries, entry);
    }
  g_ptr_array_sort (entries, compare);
  return entries;
}

/* Whether TEXT is all of a name of ENTRY, or (*BEGINS) the first digits of its digest. */
static gboolean
is_named (const VqPullEntry *entry, const char *text, gboolean *begins)
{
  *begins = g_str_has_prefix (entry->file, text)
            || g_str_has_prefix (entry->file + strlen (PREFIX), text);
  return strcmp (text, entry->file) == 0 || strcmp (text, entry->path) == 0
         || g_strv_contains ((const char *const *)entry->urls, text);
}

const VqPullEntry *
vq_pull_entry_find (GPtrArray *entries, const char *text, GError **error)
{
  const VqPullEntry *found = NULL;
  g_autofree char *shown = vq_text_printable (text, strlen (text), 512);
  guint n = 0;
  gboolean begins;

  for (guint i = 0; i < entries->len; i++)
    {
      const VqPullEntry *entry = entries->pdata[i];

      if (is_named (entry, text, &begins))
        return entry;
      n += begins;
      found = begins ? entry : found;
    }
  if (n == 1 && *text != '\0')
    return found;
  if (n > 1)
    vq_error_set (error, VQ_ERROR_USAGE, "%u images begin with \"%s\": give more digits", n, shown);
  else
    vq_error_set (error, VQ_ERROR_MISSING, "the cache has no image that is called \"%s\"", shown);
  return NULL;
}

static void
remove_records (VqPrivateDir *dir, const VqPullEntry *entry)
{
  for (char **url = entry->urls; *url != NULL; url++)
    {
      g_autofree char *name = vq_pull_cache_get_name (*url, RECORD);

      vq_pull_cache_remove (dir, name);
    }
}

static void
remove_links (VqPrivateDir *dir, const char *file)
{
  g_auto (GStrv) names = vq_private_dir_list (dir, NULL);

  for (char **name = names; name != NULL && *name != NULL; name++)
    if (is_link (dir, *name, file))
      vq_pull_cache_remove (dir, *name);
}

gboolean
vq_pull_entry_remove (VqPrivateDir *dir, const VqPullEntry *entry, GError **error)
{
  g_autofree char *lock = g_strconcat (entry->file, VQ_IMAGE_HOLD_SUFFIX, NULL);
  g_autofree char *user = NULL;
  vq_autofd int fd = -1;

  if (!vq_image_hold_take_alone (entry->path, &fd, &user, error))
    return FALSE;
  if (fd < 0)
    return vq_error_set (error, VQ_ERROR_BUSY, "the image %s is in use%s%s", entry->path,
                         user != NULL ? " by " : "", user != NULL ? user : "");
  if (unlinkat (vq_private_dir_get_fd (dir), entry->file, 0) != 0)
    return vq_error_set_errno (error, errno, "cannot remove %s", entry->path);
  remove_records (dir, entry);
  remove_links (dir, entry->file);
  vq_pull_cache_remove (dir, lock);
  return TRUE;
}

static gboolean
is_old (gint64 when, guint64 seconds)
{
  return g_get_real_time () - when
         > (gint64)MIN (seconds, G_MAXINT64 / G_USEC_PER_SEC) * G_USEC_PER_SEC;
}

/* Whether nobody fetches what NAME is a part of. It is then locked until *LOCK is freed. */
static gboolean
lock_part (VqPrivateDir *dir, const char *name, VqLockFile **lock)
{
  g_autofree char *own = g_strndup (name, strcspn (name, "."));
  g_autofree char *lock_name = g_strconcat (own, VQ_IMAGE_HOLD_SUFFIX, NULL);

  return vq_lock_file_try (dir, lock_name, lock, NULL) && *lock != NULL;
}

/* Whether NAME is of an image that is not complete. */
static gboolean
is_left (const char *name)
{
  static const char *const suffixes[] = { ".part", ".part" RECORD, ".new", NULL };

  for (const char *const *suffix = suffixes; *suffix != NULL; suffix++)
    if (g_str_has_prefix (name, "url-") && g_str_has_suffix (name, *suffix))
      return TRUE;
  return FALSE;
}

guint64
vq_pull_entry_count_left (VqPrivateDir *dir)
{
  g_auto (GStrv) names = vq_private_dir_list (dir, NULL);
  guint64 sum = 0;
  struct stat st;

  for (char **name = names; name != NULL && *name != NULL; name++)
    if (is_left (*name) && !g_str_has_suffix (*name, RECORD)
        && vq_private_dir_stat (dir, *name, &st, NULL))
      sum += (guint64)st.st_blocks * 512;
  return sum;
}

static void
remove_left (VqPrivateDir *dir, const char *name, guint64 seconds)
{
  g_autoptr (VqLockFile) lock = NULL;
  struct stat st;

  if (is_left (name) && vq_private_dir_stat (dir, name, &st, NULL)
      && is_old (st.st_mtim.tv_sec * G_USEC_PER_SEC, seconds) && lock_part (dir, name, &lock))
    vq_pull_cache_remove (dir, name);
}

static void
remove_all_left (VqPrivateDir *dir, guint64 max_age)
{
  guint64 seconds = max_age != 0 ? MIN (max_age, LEFT_SECONDS) : LEFT_SECONDS;
  g_auto (GStrv) names = vq_private_dir_list (dir, NULL);

  for (char **name = names; name != NULL && *name != NULL; name++)
    {
      g_autoptr (VqPullRecord) record = is_record (*name) ? vq_pull_cache_read (dir, *name) : NULL;

      if (record != NULL && !vq_pull_cache_has_image (dir, record))
        vq_pull_cache_remove (dir, *name);
      remove_left (dir, *name, seconds);
    }
}

static guint64
sum_up (const GPtrArray *entries)
{
  guint64 sum = 0;

  for (guint i = 0; i < entries->len; i++)
    sum += ((const VqPullEntry *)entries->pdata[i])->allocated;
  return sum;
}

gboolean
vq_pull_entry_prune (VqPrivateDir *dir, const VqPullLimits *limits, VqPullPruned *pruned,
                     GError **error)
{
  g_autoptr (GPtrArray) entries = vq_pull_entry_scan (dir, error);
  guint64 left = entries != NULL ? sum_up (entries) : 0;

  if (entries == NULL)
    return FALSE;
  for (guint i = 0; i < entries->len; i++)
    {
      const VqPullEntry *entry = entries->pdata[i];
      gboolean too_old = limits->max_age != 0 && is_old (entry->last_used, limits->max_age);
      gboolean too_much = limits->max_size != 0 && left > limits->max_size;
      g_autoptr (GError) why = NULL;

      if (entry->is_used || (!too_old && !too_much))
        continue;
      if (!vq_pull_entry_remove (dir, entry, &why))
        {
          g_debug ("%s stays: %s", entry->file, why->message);
          continue;
        }
      left -= entry->allocated;
      pruned->n_images++;
      pruned->bytes += entry->allocated;
    }
  remove_all_left (dir, limits->max_age);
  return TRUE;
}
