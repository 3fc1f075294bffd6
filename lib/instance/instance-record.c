// SPDX-License-Identifier: GPL-2.0-or-later
#include "instance/instance-record.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"

/* To be raised when a program that knows only the old one would do something wrong. */
#define VERSION 1

#define MAX_BYTES (1024 * 1024)

/* The members that are texts: their names in the file, and what they are if they are not there. */
#define TEXT(NAME, MEMBER, ABSENT)                                                                 \
  {                                                                                                \
    NAME, G_STRUCT_OFFSET (VqInstanceRecord, MEMBER), ABSENT                                       \
  }
static const struct
{
  const char *name;
  glong offset;
  const char *absent;
} texts[] = {
  TEXT ("accel", accel, ""),
  TEXT ("machine-id", machine_id, ""),
  TEXT ("source", source, ""),
  TEXT ("owner", owner, ""),
  TEXT ("description", description, ""),
  TEXT ("machine-type", machine_type, ""),
  TEXT ("os-type", os_type, ""),
  TEXT ("os-version", os_version, ""),
  TEXT ("image", image, ""),
  TEXT ("directory", directory, "/"),
};

static char **
get_text (const VqInstanceRecord *record, gsize i)
{
  return G_STRUCT_MEMBER_P (record, texts[i].offset);
}

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
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    *get_text (record, i) = g_strdup (texts[i].absent);
  vq_instance_record_set_text (&record->image, image);
  vq_instance_record_set_text (&record->directory, directory);
  g_free (record->machine_id);
  record->machine_id = make_machine_id ();
  record->arguments = g_strdupv ((char **)arguments);
  return record;
}

void
vq_instance_record_free (VqInstanceRecord *record)
{
  if (record == NULL)
    return;
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    g_free (*get_text (record, i));
  g_strfreev (record->arguments);
  g_free (record);
}

void
vq_instance_record_set_text (char **member, const char *text)
{
  char *copy = g_strdup (text);

  g_free (*member);
  *member = copy;
}

void
vq_instance_record_set_accel (VqInstanceRecord *record, gboolean kvm)
{
  vq_instance_record_set_text (&record->accel, kvm ? "kvm" : "tcg");
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
read_texts (VqInstanceRecord *record, JsonObject *object, GError **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      const char *text;

      if (!vq_json_get_string (object, texts[i].name, texts[i].absent, &text, error))
        return FALSE;
      *get_text (record, i) = g_strdup (text);
    }
  return check_machine_id (record->machine_id, error);
}

static gboolean
read_members (VqInstanceRecord *record, JsonObject *object, GError **error)
{
  return check_version (object, error)
         && vq_json_get_int (object, "created", 0, &record->created, error)
         && vq_json_get_bool (object, "ephemeral", FALSE, &record->ephemeral, error)
         && vq_json_get_bool (object, "has-disk", FALSE, &record->has_disk, error)
         && vq_json_get_bool (object, "cloud-seed", FALSE, &record->cloud_seed, error)
         && vq_json_get_int (object, "lease", 0, &record->lease, error)
         && vq_json_get_int (object, "locked", 0, &record->locked, error)
         && vq_json_get_bool (object, "down", FALSE, &record->down, error)
         && read_texts (record, object, error)
         && read_arguments (object, &record->arguments, error);
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
         || vq_error_set (error, VQ_ERROR_USAGE, "what is kept about an instance must be UTF-8");
}

static JsonNode *
build (const VqInstanceRecord *record)
{
  JsonNode *node = vq_json_build (
      "version", "i", (gint64)VERSION, "created", "i", record->created, "ephemeral", "b",
      record->ephemeral, "has-disk", "b", record->has_disk, "cloud-seed", "b", record->cloud_seed,
      "lease", "i", record->lease, "locked", "i", record->locked, "down", "b", record->down, NULL);
  JsonObject *object = json_node_get_object (node);
  JsonArray *arguments = json_array_new ();

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    json_object_set_string_member (object, texts[i].name, *get_text (record, i));
  for (char **word = record->arguments; *word != NULL; word++)
    json_array_add_string_element (arguments, *word);
  json_object_set_array_member (object, "arguments", arguments);
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

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    if (!check_utf8 (*get_text (record, i), error))
      return FALSE;
  for (char **word = record->arguments; *word != NULL; word++)
    if (!check_utf8 (*word, error))
      return FALSE;
  node = build (record);
  text = json_to_string (node, TRUE);
  return write_text (path, text, error);
}
