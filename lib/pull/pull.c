// SPDX-License-Identifier: GPL-2.0-or-later
#include "pull/pull.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "io/lock-file.h"
#include "pull/fetch.h"
#include "pull/pull-cache.h"
#include "pull/pull-store.h"
#include "pull/pull-sums.h"
#include "pull/pull-url.h"

#define TITLE_MAX 48

/* One pull. */
typedef struct
{
  const char *url;
  const VqPullOptions *options;
  VqPullResult *result;
  VqCancel *cancel;
  char *shown;     /* the URL, for people */
  char *title;     /* the same for the progress line */
  char *name;      /* of its record */
  char *part;      /* of what has come so far */
  char *part_name; /* of the record of that */
  VqPrivateDir *dir;
  VqPullRecord *record; /* of what was fetched before; NULL: nothing */
  VqPullSums sums;      /* what the file must have */
} Pull;

void
vq_pull_result_clear (VqPullResult *result)
{
  g_clear_pointer (&result->path, g_free);
  g_clear_pointer (&result->sha256, g_free);
}

static void
pull_clear (Pull *self)
{
  g_free (self->shown);
  g_free (self->title);
  g_free (self->name);
  g_free (self->part);
  g_free (self->part_name);
  g_clear_pointer (&self->record, vq_pull_cache_free_record);
  g_clear_pointer (&self->dir, vq_private_dir_free);
  vq_pull_sums_clear (&self->sums);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Pull, pull_clear)

static gboolean
knows_sums (const Pull *self)
{
  return self->sums.sha256 != NULL || self->sums.sha512 != NULL;
}

/* Whether the digest HAS is the one that is wanted, if one is. */
static gboolean
agrees (const char *wanted, const char *has)
{
  return wanted == NULL || g_strcmp0 (wanted, has) == 0;
}

/* Whether what was fetched before is there, and has the digests that are known. */
static gboolean
has_good_record (const Pull *self)
{
  return self->record != NULL && vq_pull_cache_has_image (self->dir, self->record)
         && agrees (self->sums.sha256, self->record->sha256)
         && agrees (self->sums.sha512, self->record->sha512);
}

static void
read_record (Pull *self)
{
  g_clear_pointer (&self->record, vq_pull_cache_free_record);
  self->record = vq_pull_cache_read (self->dir, self->name);
  if (self->record != NULL && strcmp (self->record->url, self->url) != 0)
    g_clear_pointer (&self->record, vq_pull_cache_free_record);
}

/* The image FILE is what was asked for. */
static gboolean
finish (Pull *self, const char *file, const char *sha256)
{
  self->result->path = vq_private_dir_join (self->dir, file);
  self->result->sha256 = g_strdup (sha256);
  self->result->checked = knows_sums (self);
  vq_pull_store_touch (self->dir, file);
  return TRUE;
}

/* Where the digest of the file says all, the server need not be asked. */
static gboolean
find_by_digest (Pull *self)
{
  g_autofree char *file = NULL;

  if (knows_sums (self) && has_good_record (self))
    return finish (self, self->record->file, self->record->sha256);
  if (self->sums.sha256 == NULL || self->sums.sha512 != NULL)
    return FALSE;
  file = vq_pull_cache_find_image (self->dir, self->sums.sha256);
  return file != NULL && finish (self, file, self->sums.sha256);
}

/* Takes the lock on the file; *WAITED is set if another process had it. */
static VqLockFile *
lock (Pull *self, gboolean *waited, GError **error)
{
  g_autofree char *name = vq_pull_cache_get_name (self->url, ".lock");
  VqLockFile *taken;

  *waited = FALSE;
  if (!vq_lock_file_try (self->dir, name, &taken, error))
    return NULL;
  if (taken != NULL)
    return taken;
  *waited = TRUE;
  g_message ("another process is fetching %s: waiting for it", self->shown);
  return vq_lock_file_wait (self->dir, name, vq_deadline_in (G_MAXDOUBLE), self->cancel, error);
}

static gboolean
fetch_sums (Pull *self, GError **error)
{
  const VqPullOptions *options = self->options;
  gboolean needed = options->sums == VQ_PULL_SUMS_NEEDED || options->keyring != NULL;

  if (knows_sums (self) || (options->sums == VQ_PULL_SUMS_NEVER && !needed))
    return TRUE;
  if (!vq_pull_sums_fetch (self->url, options->keyring, options->stall, &self->sums, self->cancel,
                           error))
    return FALSE;
  return knows_sums (self) || !needed
         || vq_error_set (error, VQ_ERROR_MISSING,
                          "no SHA512SUMS or SHA256SUMS beside it has its digest");
}

/* What shows whether the server still has the same file: an ETag that stands for its bytes, or a
 * date. NULL if there is none. */
static const char *
get_validator (const VqPullRecord *part)
{
  return part->etag != NULL && !g_str_has_prefix (part->etag, "W/") ? part->etag : part->modified;
}

/* Where to go on: never behind the last byte, so that the server always has something to send. */
static void
plan_resume (const VqPullRecord *part, int fd, VqFetchRequest *request)
{
  struct stat st;
  const char *validator = part != NULL ? get_validator (part) : NULL;

  if (validator == NULL || fstat (fd, &st) != 0 || st.st_size == 0)
    return;
  request->size = st.st_size;
  if (part->size > 0)
    request->size = MIN (request->size, part->size - 1);
  request->if_range = request->size > 0 ? validator : NULL;
}

/* Notes which file it is that comes. */
static void
begun (const VqFetchResult *result, gpointer data)
{
  const Pull *self = data;
  const VqPullRecord part = { .url = (char *)self->url,
                              .etag = result->etag,
                              .modified = result->modified,
                              .size = result->total };
  g_autoptr (GError) error = NULL;

  if (!vq_pull_cache_write (self->dir, self->part_name, &part, &error))
    g_debug ("the next pull cannot go on: %s", error->message);
}

static gboolean
fetch_part (Pull *self, int fd, VqFetchResult *result, GError **error)
{
  g_autoptr (VqPullRecord) part = vq_pull_cache_read (self->dir, self->part_name);
  VqFetchRequest request = { .url = self->url,
                             .shown = self->title,
                             .fd = fd,
                             .sha512 = self->sums.sha512 != NULL,
                             .max = self->options->max_size,
                             .stall = self->options->stall };

  plan_resume (part, fd, &request);
  if (request.size == 0)
    vq_pull_cache_remove (self->dir, self->part_name);
  if (!knows_sums (self) && has_good_record (self))
    {
      request.etag = self->record->etag;
      request.modified = self->record->modified;
    }
  return vq_fetch_get (&request, begun, self, result, self->cancel, error);
}

static void
remove_part (const Pull *self)
{
  vq_pull_cache_remove (self->dir, self->part);
  vq_pull_cache_remove (self->dir, self->part_name);
}

static gboolean
check_digest (Pull *self, const char *wanted, const char *has, GError **error)
{
  if (agrees (wanted, has))
    return TRUE;
  remove_part (self);
  return vq_error_set (error, VQ_ERROR_FAILED,
                       "its digest is %s, not %s: what has come was removed", has, wanted);
}

static gboolean
write_record (Pull *self, const VqFetchResult *result, const char *file, GError **error)
{
  const VqPullRecord record = { .url = (char *)self->url,
                                .etag = result->etag,
                                .modified = result->modified,
                                .sha256 = result->sha256,
                                .sha512 = result->sha512,
                                .file = (char *)file,
                                .size = result->total,
                                .fetched = g_get_real_time () };

  return vq_pull_cache_write (self->dir, self->name, &record, error);
}

/* Removes the record of the part if that was removed because it is no good. */
static void
forget_lost_part (const Pull *self)
{
  struct stat st;

  if (!vq_private_dir_stat (self->dir, self->part, &st, NULL))
    vq_pull_cache_remove (self->dir, self->part_name);
}

/* The complete file becomes an image. */
static gboolean
keep (Pull *self, int fd, const VqFetchResult *result, GError **error)
{
  const VqPullStore store = { .dir = self->dir,
                              .part = self->part,
                              .fd = fd,
                              .sha256 = result->sha256,
                              .max_size = self->options->max_size,
                              .shown = self->title };
  g_autofree char *unpacked = vq_pull_cache_get_name (self->url, ".new");
  g_autofree char *file = NULL;

  if (!check_digest (self, self->sums.sha256, result->sha256, error)
      || !check_digest (self, self->sums.sha512, result->sha512, error))
    return FALSE;
  file = vq_pull_store_keep (&store, unpacked, self->cancel, error);
  if (file == NULL)
    {
      forget_lost_part (self);
      return FALSE;
    }
  vq_pull_cache_remove (self->dir, self->part_name);
  self->result->fetched = TRUE;
  return write_record (self, result, file, error) && finish (self, file, result->sha256);
}

/* The image that was fetched before is what the server has. */
static gboolean
is_same (Pull *self, GError **error)
{
  remove_part (self);
  self->record->fetched = g_get_real_time ();
  return vq_pull_cache_write (self->dir, self->name, self->record, error)
         && finish (self, self->record->file, self->record->sha256);
}

/* Whether the image that was fetched before is used because the server fails for the reason WHY. */
static gboolean
take_old (Pull *self, const GError *why)
{
  if (!self->options->old_will_do || vq_error_is_cancelled (why) || !has_good_record (self))
    return FALSE;
  g_warning ("%s: %s; the image that was fetched before is used", self->shown, why->message);
  return finish (self, self->record->file, self->record->sha256);
}

static gboolean
fetch (Pull *self, GError **error)
{
  g_auto (VqFetchResult) result = { 0 };
  vq_autofd int fd = vq_private_dir_open_file (self->dir, self->part, O_RDWR | O_CREAT, error);
  g_autoptr (GError) why = NULL;
  struct stat st;

  if (fd < 0)
    return FALSE;
  if (fetch_part (self, fd, &result, &why))
    return result.same ? is_same (self, error) : keep (self, fd, &result, error);
  if (fstat (fd, &st) == 0 && st.st_size == 0)
    remove_part (self);
  if (take_old (self, why))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&why));
  return FALSE;
}

/* With the lock. */
static gboolean
pull_locked (Pull *self, GError **error)
{
  g_autoptr (GError) why = NULL;

  if (fetch_sums (self, &why))
    return find_by_digest (self) || fetch (self, error);
  if (take_old (self, why))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&why));
  return FALSE;
}

/* Whether another process has fetched it while we waited, after the time BEFORE. */
static gboolean
find_fetched (Pull *self, gint64 before)
{
  read_record (self);
  return has_good_record (self) && self->record->fetched != before
         && finish (self, self->record->file, self->record->sha256);
}

/* In a cache that cannot be written, because of WHY, what is there is all that there can be. */
static gboolean
take_what_is_there (Pull *self, GError *why, GError **error)
{
  gboolean is_read_only = vq_error_is_errno (why, EROFS) || vq_error_is_errno (why, EACCES);

  if (!is_read_only || !has_good_record (self))
    {
      g_propagate_error (error, why);
      return FALSE;
    }
  g_warning ("%s; the image that was fetched before is used", why->message);
  g_error_free (why);
  return finish (self, self->record->file, self->record->sha256);
}

static gboolean
run (Pull *self, GError **error)
{
  g_autoptr (VqLockFile) taken = NULL;
  GError *why = NULL;
  gboolean waited;
  gint64 before;

  read_record (self);
  before = self->record != NULL ? self->record->fetched : 0;
  if (find_by_digest (self))
    return TRUE;
  taken = lock (self, &waited, &why);
  if (taken == NULL)
    return take_what_is_there (self, why, error);
  return (waited && find_fetched (self, before)) || (read_record (self), pull_locked (self, error));
}

/* Only the name of the file: the progress line has no room for more. */
static char *
make_title (const Pull *self)
{
  g_autofree char *name = vq_pull_url_get_name (self->url);

  return *name != '\0' ? vq_text_printable (name, strlen (name), TITLE_MAX)
                       : g_strdup (self->shown);
}

gboolean
vq_pull_run (const char *url, const VqPullOptions *options, VqPullResult *result, VqCancel *cancel,
             GError **error)
{
  g_auto (Pull) self = { .url = url, .options = options, .result = result, .cancel = cancel };
  VQ_ERROR_PREFIX (error, "cannot fetch the image");

  if (!vq_pull_url_check (url, error))
    return FALSE;
  self.shown = vq_pull_url_show (url);
  self.title = make_title (&self);
  self.dir = vq_pull_cache_open (options->directory, error);
  if (self.dir == NULL)
    return FALSE;
  self.name = vq_pull_cache_get_name (url, ".json");
  self.part = vq_pull_cache_get_name (url, ".part");
  self.part_name = vq_pull_cache_get_name (url, ".part.json");
  self.sums.sha256 = g_strdup (options->sha256);
  self.sums.sha512 = g_strdup (options->sha512);
  return run (&self, error);
}
