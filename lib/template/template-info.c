// SPDX-License-Identifier: GPL-2.0-or-later
#include "template/template-info.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "io/file-stamp.h"
#include "base/host-facts.h"
#include "base/json.h"

/* A file with another number is not read. */
#define FORMAT 1

struct _VqTemplateInfo
{
  char *key;
  char *image;
  char *boot;
  gint64 created;
  gboolean synced;
  GHashTable *files; /* name -> stamp */
  GHashTable *guest;
  JsonNode *facts; /* only in a new one: these facts are written for people, and never read back */
};

static VqTemplateInfo *
info_new (void)
{
  VqTemplateInfo *info = g_new0 (VqTemplateInfo, 1);

  info->files = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  info->guest = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return info;
}

VqTemplateInfo *
vq_template_info_new (const VqTemplateKey *key, GError **error)
{
  g_autoptr (VqTemplateInfo) info = info_new ();
  const char *image = vq_template_key_get (key, VQ_TEMPLATE_KEY_IMAGE);

  info->boot = vq_host_facts_get_boot (error);
  if (info->boot == NULL)
    return NULL;
  info->key = vq_template_key_get_digest (key);
  info->image = g_utf8_make_valid (image != NULL ? image : "", -1);
  info->facts = vq_template_key_to_json (key);
  return g_steal_pointer (&info);
}

void
vq_template_info_free (VqTemplateInfo *info)
{
  if (info == NULL)
    return;
  g_free (info->key);
  g_free (info->image);
  g_free (info->boot);
  g_hash_table_unref (info->files);
  g_hash_table_unref (info->guest);
  g_clear_pointer (&info->facts, json_node_unref);
  g_free (info);
}

gboolean
vq_template_info_add_file (VqTemplateInfo *info, VqPrivateDir *dir, const char *name,
                           GError **error)
{
  struct stat st;

  /* QEMU makes files that others may read. fchmodat follows symbolic links, but only we could have
   * put one here, and the stat below fails for it. */
  if (fchmodat (vq_private_dir_get_fd (dir), name, 0600, 0) < 0)
    return vq_error_set_errno (error, errno, "cannot change the mode of %s/%s",
                               vq_private_dir_get_path (dir), name);
  if (!vq_private_dir_stat (dir, name, &st, error))
    return FALSE;
  g_hash_table_insert (info->files, g_strdup (name), vq_file_stamp (&st));
  return TRUE;
}

gboolean
vq_template_info_has_file (const VqTemplateInfo *info, const char *name)
{
  return g_hash_table_contains (info->files, name);
}

void
vq_template_info_set (VqTemplateInfo *info, const char *name, const char *value)
{
  g_hash_table_insert (info->guest, g_strdup (name), g_strdup (value));
}

const char *
vq_template_info_get (const VqTemplateInfo *info, const char *name)
{
  return g_hash_table_lookup (info->guest, name);
}

/* Sorted by name, so that the file is the same each time. */
static void
build_strings (JsonBuilder *builder, const char *member, GHashTable *strings)
{
  g_autoptr (GList) names = g_list_sort (g_hash_table_get_keys (strings), (GCompareFunc)strcmp);

  json_builder_set_member_name (builder, member);
  json_builder_begin_object (builder);
  for (GList *name = names; name != NULL; name = name->next)
    {
      /* The value may hold any bytes, but JSON must be UTF-8. */
      g_autofree char *value = g_strescape (g_hash_table_lookup (strings, name->data), NULL);

      json_builder_set_member_name (builder, name->data);
      json_builder_add_string_value (builder, value);
    }
  json_builder_end_object (builder);
}

static void
build_string (JsonBuilder *builder, const char *member, const char *value)
{
  json_builder_set_member_name (builder, member);
  json_builder_add_string_value (builder, value);
}

static char *
to_text (const VqTemplateInfo *info, const char *created)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (JsonNode) root = NULL;

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "format");
  json_builder_add_int_value (builder, FORMAT);
  build_string (builder, "key", info->key);
  build_string (builder, "image", info->image);
  build_string (builder, "created", created);
  build_string (builder, "host-boot", info->boot);
  build_strings (builder, "files", info->files);
  build_strings (builder, "guest", info->guest);
  json_builder_set_member_name (builder, "facts");
  json_builder_add_value (builder, json_node_copy (info->facts));
  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  return json_to_string (root, TRUE);
}

static gint64
to_usec (GDateTime *time)
{
  return g_date_time_to_unix (time) * G_USEC_PER_SEC + g_date_time_get_microsecond (time);
}

gboolean
vq_template_info_write (VqTemplateInfo *info, VqPrivateDir *dir, GError **error)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *created = g_date_time_format_iso8601 (now);
  g_autofree char *text = to_text (info, created);

  if (strlen (text) > VQ_TEMPLATE_INFO_MAX)
    return vq_error_set (error, VQ_ERROR_FAILED, "the facts about the template take %zu bytes",
                         strlen (text));
  info->created = to_usec (now);
  return vq_private_dir_write (dir, VQ_TEMPLATE_INFO_FILE, text, error);
}

/* Reads a string that must exist. */
static gboolean
read_string (JsonObject *object, const char *member, char **value, GError **error)
{
  const char *text;

  if (!vq_json_get_string (object, member, NULL, &text, error))
    return FALSE;
  if (text == NULL)
    return vq_error_set (error, VQ_ERROR_FAILED, "\"%s\" is missing", member);
  *value = g_strdup (text);
  return TRUE;
}

static gboolean
read_strings (JsonObject *object, const char *member, GHashTable *strings, GError **error)
{
  g_autoptr (GList) names = NULL;
  JsonObject *members;

  if (!vq_json_get_object (object, member, &members, error))
    return FALSE;
  if (members == NULL)
    return vq_error_set (error, VQ_ERROR_FAILED, "\"%s\" is missing", member);
  names = json_object_get_members (members);
  for (GList *name = names; name != NULL; name = name->next)
    {
      g_autofree char *value = NULL;

      if (!read_string (members, name->data, &value, error))
        return FALSE;
      g_hash_table_insert (strings, g_strdup (name->data), g_strcompress (value));
    }
  return TRUE;
}

static gboolean
read_created (VqTemplateInfo *info, JsonObject *object, GError **error)
{
  g_autofree char *text = NULL;
  g_autoptr (GDateTime) created = NULL;

  if (!read_string (object, "created", &text, error))
    return FALSE;
  created = g_date_time_new_from_iso8601 (text, NULL);
  if (created == NULL)
    return vq_error_set (error, VQ_ERROR_FAILED, "\"created\" is not a time");
  info->created = to_usec (created);
  return TRUE;
}

static gboolean
read_members (VqTemplateInfo *info, JsonObject *object, GError **error)
{
  gint64 format;

  if (!vq_json_get_int (object, "format", 0, &format, error))
    return FALSE;
  if (format != FORMAT)
    return vq_error_set (error, VQ_ERROR_FAILED, "\"format\" is not %d", FORMAT);
  return read_string (object, "key", &info->key, error)
         && read_string (object, "image", &info->image, error)
         && read_string (object, "host-boot", &info->boot, error)
         && read_created (info, object, error) && read_strings (object, "files", info->files, error)
         && read_strings (object, "guest", info->guest, error);
}

VqTemplateInfo *
vq_template_info_read (VqPrivateDir *dir, GError **error)
{
  gsize length;
  g_autofree char *text
      = vq_private_dir_read (dir, VQ_TEMPLATE_INFO_FILE, VQ_TEMPLATE_INFO_MAX, &length, error);
  g_autoptr (JsonNode) root = text != NULL ? vq_json_parse_object (text, length, error) : NULL;
  g_autoptr (VqTemplateInfo) info = info_new ();

  info->synced = vq_template_info_has_mark (dir);
  if (root != NULL && read_members (info, json_node_get_object (root), error))
    return g_steal_pointer (&info);
  if (text != NULL)
    g_prefix_error (error, "cannot use %s/" VQ_TEMPLATE_INFO_FILE ": ",
                    vq_private_dir_get_path (dir));
  return NULL;
}

static gboolean
check_file (VqPrivateDir *dir, const char *name, const char *stamp, GError **error)
{
  g_autofree char *now = NULL;
  struct stat st;

  /* We only write plain names, and one with a slash could lead out of the directory. */
  if (strchr (name, '/') != NULL)
    return vq_error_set (error, VQ_ERROR_FAILED, "\"%s\" is not the name of a file", name);
  if (!vq_private_dir_stat (dir, name, &st, error))
    return FALSE;
  now = vq_file_stamp (&st);
  if (strcmp (now, stamp) == 0)
    return TRUE;
  return vq_error_set (error, VQ_ERROR_FAILED, "%s/%s has been changed since it was saved",
                       vq_private_dir_get_path (dir), name);
}

gboolean
vq_template_info_check (const VqTemplateInfo *info, VqPrivateDir *dir, GError **error)
{
  GHashTableIter iter;
  gpointer name, stamp;

  g_hash_table_iter_init (&iter, info->files);
  while (g_hash_table_iter_next (&iter, &name, &stamp))
    if (!check_file (dir, name, stamp, error))
      return FALSE;
  return TRUE;
}

gboolean
vq_template_info_is_safe (const VqTemplateInfo *info)
{
  g_autofree char *boot = vq_host_facts_get_boot (NULL);

  return info->synced || (boot != NULL && strcmp (boot, info->boot) == 0);
}

gboolean
vq_template_info_is_synced (const VqTemplateInfo *info)
{
  return info->synced;
}

gboolean
vq_template_info_has_mark (VqPrivateDir *dir)
{
  struct stat st;

  return vq_private_dir_stat (dir, VQ_TEMPLATE_INFO_SYNCED, &st, NULL);
}

const char *
vq_template_info_get_key (const VqTemplateInfo *info)
{
  return info->key;
}

const char *
vq_template_info_get_image (const VqTemplateInfo *info)
{
  return info->image;
}

gint64
vq_template_info_get_created (const VqTemplateInfo *info)
{
  return info->created;
}

gint64
vq_template_info_get_age (const VqTemplateInfo *info)
{
  return ABS (g_get_real_time () - info->created) / G_USEC_PER_SEC;
}
