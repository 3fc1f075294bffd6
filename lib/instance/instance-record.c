// SPDX-License-Identifier: GPL-2.0-or-later
#include "instance/instance-record.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"

/* To be raised when a program that knows only the old one would do something wrong. */
#define VERSION 1

#define MAX_BYTES (1024 * 1024)

/* 32 hexadecimal digits, from a random UUID, which is what systemd takes, too. Transfer full. */
static char *
make_machine_id (void)
{
  g_autofree char *uuid = g_uuid_string_random ();
  g_auto (GStrv) parts = g_strsplit (uuid, "-", -1);

  return g_strjoinv ("", parts);
}

VqInstanceRecord *
vq_instance_record_new (const char *image, const char *directory, const char *const *arguments)
{
  VqInstanceRecord *record = g_new0 (VqInstanceRecord, 1);

  record->created = g_get_real_time ();
  record->accel = g_strdup ("");
  record->machine_id = make_machine_id ();
  record->source = g_strdup ("");
  record->image = g_strdup (image);
  record->directory = g_strdup (directory);
  record->arguments = g_strdupv ((char **)arguments);
  return record;
}

void
vq_instance_record_free (VqInstanceRecord *record)
{
  if (record == NULL)
    return;
  g_free (record->accel);
  g_free (record->machine_id);
  g_free (record->source);
  g_free (record->image);
  g_free (record->directory);
  g_strfreev (record->arguments);
  g_free (record);
}

void
vq_instance_record_set_accel (VqInstanceRecord *record, gboolean kvm)
{
  g_free (record->accel);
  record->accel = g_strdup (kvm ? "kvm" : "tcg");
}

static gboolean
read_arguments (JsonObject *object, char ***arguments, GError **error)
{
  JsonNode *node = json_object_get_member (object, "arguments");
  JsonArray *array
      = node != NULL && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
  guint n = array != NULL ? json_array_get_length (array) : 0;
  char **words = g_new0 (char *, n + 1);

  *arguments = words;
  for (guint i = 0; i < n; i++)
    {
      JsonNode *word = json_array_get_element (array, i);

      if (!JSON_NODE_HOLDS_VALUE (word) || json_node_get_value_type (word) != G_TYPE_STRING)
        return vq_error_set (error, VQ_ERROR_FAILED, "\"arguments\" has something but strings");
      words[i] = json_node_dup_string (word);
    }
  return array != NULL || vq_error_set (error, VQ_ERROR_FAILED, "there are no \"arguments\"");
}

static gboolean
check_version (JsonObject *object, GError **error)
{
  gint64 version;

  if (!vq_json_get_int (object, "version", 0, &version, error))
    return FALSE;
  return version == VERSION
         || vq_error_set (error, VQ_ERROR_FAILED,
                          "it is of version %" G_GINT64_FORMAT ", and this program knows only %d: "
                          "another version of virt-qemu has made it; delete --force removes it",
                          version, VERSION);
}

static gboolean
check_machine_id (const char *text, GError **error)
{
  return text[0] == '\0' || (strlen (text) == 32 && strspn (text, "0123456789abcdef") == 32)
         || vq_error_set (error, VQ_ERROR_FAILED, "\"machine-id\" is not one of machine-id(5)");
}

static gboolean
read_members (VqInstanceRecord *record, JsonObject *object, GError **error)
{
  const char *accel, *machine_id, *source, *image, *directory;

  if (!check_version (object, error)
      || !vq_json_get_int (object, "created", 0, &record->created, error)
      || !vq_json_get_bool (object, "ephemeral", FALSE, &record->ephemeral, error)
      || !vq_json_get_bool (object, "has-disk", FALSE, &record->has_disk, error)
      || !vq_json_get_bool (object, "cloud-seed", FALSE, &record->cloud_seed, error)
      || !vq_json_get_string (object, "accel", "", &accel, error)
      || !vq_json_get_string (object, "machine-id", "", &machine_id, error)
      || !check_machine_id (machine_id, error)
      || !vq_json_get_string (object, "source", "", &source, error)
      || !vq_json_get_int (object, "lease", 0, &record->lease, error)
      || !vq_json_get_string (object, "image", "", &image, error)
      || !vq_json_get_string (object, "directory", "/", &directory, error))
    return FALSE;
  record->accel = g_strdup (accel);
  record->machine_id = g_strdup (machine_id);
  record->source = g_strdup (source);
  record->image = g_strdup (image);
  record->directory = g_strdup (directory);
  return read_arguments (object, &record->arguments, error);
}

/* PATH is for the error. */
static gboolean
parse (VqInstanceRecord *record, const char *text, gsize length, const char *path, GError **error)
{
  VQ_ERROR_PREFIX (error, "%s", path);
  g_autoptr (JsonNode) node = vq_json_parse_object (text, length, error);

  return node != NULL && read_members (record, json_node_get_object (node), error);
}

VqInstanceRecord *
vq_instance_record_read (VqPrivateDir *dir, GError **error)
{
  g_autoptr (VqInstanceRecord) record = g_new0 (VqInstanceRecord, 1);
  g_autofree char *path = vq_private_dir_join (dir, VQ_INSTANCE_RECORD_FILE);
  gsize length;
  g_autofree char *text
      = vq_private_dir_read (dir, VQ_INSTANCE_RECORD_FILE, MAX_BYTES, &length, error);

  if (text == NULL || !parse (record, text, length, path, error))
    return NULL;
  return g_steal_pointer (&record);
}

static gboolean
check_utf8 (const char *text, GError **error)
{
  return g_utf8_validate (text, -1, NULL)
         || vq_error_set (error, VQ_ERROR_USAGE, "an instance's command line must be UTF-8");
}

static JsonNode *
build (const VqInstanceRecord *record)
{
  JsonNode *node = vq_json_build (
      "version", "i", (gint64)VERSION, "created", "i", record->created, "ephemeral", "b",
      record->ephemeral, "has-disk", "b", record->has_disk, "cloud-seed", "b", record->cloud_seed,
      "accel", "s", record->accel, "machine-id", "s", record->machine_id, "source", "s",
      record->source, "lease", "i", record->lease, "image", "s", record->image, "directory", "s",
      record->directory, NULL);
  JsonArray *arguments = json_array_new ();

  for (char **word = record->arguments; *word != NULL; word++)
    json_array_add_string_element (arguments, *word);
  json_object_set_array_member (json_node_get_object (node), "arguments", arguments);
  return node;
}

/* GLib names a temporary file. */
static gboolean
write_text (const char *path, const char *text, GError **error)
{
  g_autoptr (GError) why = NULL;

  if (g_file_set_contents_full (
          path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600, &why))
    return TRUE;
  if (vq_error_get_code (why) == VQ_ERROR_NO_ROOM)
    return vq_error_set (error, VQ_ERROR_NO_ROOM, "there is no room for %s: free some", path);
  g_propagate_error (error, g_steal_pointer (&why));
  return FALSE;
}

gboolean
vq_instance_record_write (const VqInstanceRecord *record, VqPrivateDir *dir, GError **error)
{
  g_autofree char *path = vq_private_dir_join (dir, VQ_INSTANCE_RECORD_FILE);
  g_autoptr (JsonNode) node = NULL;
  g_autofree char *text = NULL;

  if (!check_utf8 (record->image, error) || !check_utf8 (record->directory, error))
    return FALSE;
  for (char **word = record->arguments; *word != NULL; word++)
    if (!check_utf8 (*word, error))
      return FALSE;
  node = build (record);
  text = json_to_string (node, TRUE);
  return write_text (path, text, error);
}
