// SPDX-License-Identifier: GPL-2.0-or-later
#include "pull/pull-cache.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/json.h"
#include "image/image-cache.h"
#include "image/image-hold.h"
#include "io/new-file.h"

#define RECORD_MAX (64 * 1024)
#define IMAGE "sha256-"
#define DIGEST_DIGITS 64

VqPullRecord *
vq_pull_cache_new_record (const char *url)
{
  VqPullRecord *record = g_new0 (VqPullRecord, 1);

  record->url = g_strdup (url);
  return record;
}

void
vq_pull_cache_free_record (VqPullRecord *record)
{
  if (record == NULL)
    return;
  g_free (record->url);
  g_free (record->etag);
  g_free (record->modified);
  g_free (record->sha256);
  g_free (record->sha512);
  g_free (record->file);
  g_free (record);
}

VqPrivateDir *
vq_pull_cache_open (const char *directory, GError **error)
{
  g_autofree char *path
      = directory != NULL ? g_strdup (directory) : vq_image_cache_get_directory ();
  VQ_ERROR_PREFIX (error, "cannot use the directory of fetched images");

  return vq_private_dir_open (path, VQ_PRIVATE_DIR_CREATE, error);
}

char *
vq_pull_cache_get_name (const char *url, const char *suffix)
{
  g_autofree char *hash = g_compute_checksum_for_string (G_CHECKSUM_SHA256, url, -1);

  return g_strconcat ("url-", hash, suffix, NULL);
}

/* *VALUE becomes NULL for "". */
static gboolean
get_text (JsonObject *object, const char *name, char **value)
{
  const char *text;

  if (!vq_json_get_string (object, name, "", &text, NULL))
    return FALSE;
  *value = *text != '\0' ? g_strdup (text) : NULL;
  return TRUE;
}

static gboolean
is_digest (const char *text)
{
  return strlen (text) == DIGEST_DIGITS && strspn (text, "0123456789abcdef") == DIGEST_DIGITS;
}

static gboolean
fill (VqPullRecord *record, JsonObject *object)
{
  gint64 size;

  if (!get_text (object, "url", &record->url) || !get_text (object, "etag", &record->etag)
      || !get_text (object, "modified", &record->modified)
      || !get_text (object, "sha256", &record->sha256)
      || !get_text (object, "sha512", &record->sha512) || !get_text (object, "file", &record->file)
      || !vq_json_get_int (object, "size", 0, &size, NULL)
      || !vq_json_get_int (object, "fetched", 0, &record->fetched, NULL))
    return FALSE;
  record->size = MAX (size, 0);
  return record->url != NULL && (record->sha256 == NULL || is_digest (record->sha256))
         && (record->file == NULL || vq_image_hold_is_for (record->file));
}

VqPullRecord *
vq_pull_cache_read (VqPrivateDir *dir, const char *name)
{
  gsize length;
  g_autofree char *text = vq_private_dir_read (dir, name, RECORD_MAX, &length, NULL);
  g_autoptr (JsonNode) node = text != NULL ? vq_json_parse_object (text, length, NULL) : NULL;
  g_autoptr (VqPullRecord) record = g_new0 (VqPullRecord, 1);

  return node != NULL && fill (record, json_node_get_object (node)) ? g_steal_pointer (&record)
                                                                    : NULL;
}

static const char *
or_empty (const char *text)
{
  return text != NULL ? text : "";
}

gboolean
vq_pull_cache_write (VqPrivateDir *dir, const char *name, const VqPullRecord *record,
                     GError **error)
{
  g_autoptr (JsonNode) node = vq_json_build (
      "url", "s", record->url, "etag", "s", or_empty (record->etag), "modified", "s",
      or_empty (record->modified), "sha256", "s", or_empty (record->sha256), "sha512", "s",
      or_empty (record->sha512), "file", "s", or_empty (record->file), "size", "i",
      (gint64)record->size, "fetched", "i", record->fetched, NULL);
  g_autofree char *text = json_to_string (node, TRUE);
  g_autofree char *path = vq_private_dir_join (dir, name);

  return vq_new_file_write (path, 0600, text, strlen (text), error);
}

gboolean
vq_pull_cache_has_image (VqPrivateDir *dir, const VqPullRecord *record)
{
  struct stat st;

  return record->file != NULL && vq_private_dir_stat (dir, record->file, &st, NULL);
}

char *
vq_pull_cache_find_image (VqPrivateDir *dir, const char *sha256)
{
  g_auto (GStrv) names = vq_private_dir_list (dir, NULL);
  g_autofree char *begin = g_strconcat (IMAGE, sha256, ".", NULL);

  for (char **name = names; name != NULL && *name != NULL; name++)
    if (vq_image_hold_is_for (*name) && g_str_has_prefix (*name, begin))
      return g_strdup (*name);
  return NULL;
}

void
vq_pull_cache_remove (VqPrivateDir *dir, const char *name)
{
  if (unlinkat (vq_private_dir_get_fd (dir), name, 0) != 0 && errno != ENOENT)
    g_warning ("cannot remove %s in %s: %s", name, vq_private_dir_get_path (dir),
               g_strerror (errno));
}
