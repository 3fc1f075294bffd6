// SPDX-License-Identifier: GPL-2.0-or-later
#include "slot/slot-type.h"

#include <string.h>

#include "base/arguments.h"
#include "base/error.h"
#include "io/plain-file.h"
#include "base/path.h"
#include "base/text.h"
#include "base/units.h"

#define FILE_NAME "slots.conf"
#define HOST_FILE VQ_PATH_HOST_CONFIG FILE_NAME
#define HOST_DIRECTORY "/run/virt-qemu-slots"

#define NAME_MAX_BYTES 64
#define NAME_LETTERS G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "-_."
#define COUNT_MAX 256
#define CPUS_MAX 1024
#define MEMORY_MIN (G_GUINT64_CONSTANT (32) << 20)
#define EXTRA_DISKS_MAX 16
#define SHOWN_MAX 80

/* A file that is being read. */
typedef struct
{
  const char *path;
  const char *directory; /* of its types */
  gboolean is_shared;
  GPtrArray *types; /* the last one is that of the group in which we are */
  guint n_before;   /* how many of them are of other files */
  guint seen;       /* the keys of the group, as bits */
  guint line;
  guint group_line; /* where the group begins */
} Reading;

typedef struct
{
  const char *name;
  gboolean (*set) (VqSlotType *type, const char *value, GError **error);
} Key;

void
vq_slot_type_free (VqSlotType *type)
{
  g_free (type->name);
  g_free (type->directory);
  g_free (type);
}

static gboolean
set_name (VqSlotType *type, const char *value, GError **error)
{
  gsize length = strlen (value);
  g_autofree char *shown = vq_text_printable (value, length, SHOWN_MAX);

  if (length == 0 || length > NAME_MAX_BYTES || value[0] == '.'
      || strspn (value, NAME_LETTERS) != length)
    return vq_error_set (error, VQ_ERROR_USAGE,
                         "\"%s\" cannot be the name of a type: it must have 1 to %d letters, "
                         "digits, \"-\", \"_\" and \".\", and not begin with \".\"",
                         shown, NAME_MAX_BYTES);
  g_free (type->name);
  type->name = g_strdup (value);
  return TRUE;
}

static gboolean
set_count (VqSlotType *type, const char *value, GError **error)
{
  int count;

  if (!vq_arguments_parse_int (value, 1, COUNT_MAX, &count, error))
    return FALSE;
  type->count = count;
  return TRUE;
}

static gboolean
set_cpus (VqSlotType *type, const char *value, GError **error)
{
  return vq_arguments_parse_int (value, 1, CPUS_MAX, &type->cpus, error);
}

/* Like vq_units_parse_size, but there may be a fraction, as in "3.8G"; 0 is no size. */
static gboolean
parse_size (const char *text, guint64 *bytes, GError **error)
{
  gsize n_whole = strspn (text, G_CSET_DIGITS);
  gsize n_fraction = text[n_whole] == '.' ? strspn (text + n_whole + 1, G_CSET_DIGITS) : 0;
  g_autofree char *plain = g_strdup (text);

  if (n_whole > 0 && n_fraction > 0 && n_fraction < 4)
    memmove (plain + n_whole, text + n_whole + 1, strlen (text + n_whole));
  if (!vq_units_parse_size (plain, bytes, NULL) || *bytes == 0)
    return vq_error_set (error, VQ_ERROR_USAGE, "'%s' is not a size, as 512M or 3.8G are", text);
  for (; plain[0] != '\0' && n_fraction > 0; n_fraction--)
    *bytes /= 10;
  return TRUE;
}

static gboolean
set_memory (VqSlotType *type, const char *value, GError **error)
{
  guint64 bytes;

  if (!parse_size (value, &bytes, error))
    return FALSE;
  if (bytes < MEMORY_MIN || bytes >> 20 > G_MAXINT)
    return vq_error_set (error, VQ_ERROR_USAGE, "no machine can have a memory of %s", value);
  type->memory_mib = bytes >> 20;
  return TRUE;
}

static gboolean
set_disk (VqSlotType *type, const char *value, GError **error)
{
  return parse_size (value, &type->disk, error);
}

static gboolean
set_extra_disks (VqSlotType *type, const char *value, GError **error)
{
  const char *times = strchr (value, 'x');
  g_autofree char *number = times != NULL ? g_strndup (value, times - value) : NULL;
  int n;

  if (times == NULL)
    return vq_error_set (error, VQ_ERROR_USAGE,
                         "'%s' is not a number of disks and their size, as 4x100G is", value);
  if (!vq_arguments_parse_int (number, 1, EXTRA_DISKS_MAX, &n, error)
      || !parse_size (times + 1, &type->extra_disk_size, error))
    return FALSE;
  type->n_extra_disks = n;
  return TRUE;
}

static const Key keys[] = {
  { "count", set_count },
  { "cpus", set_cpus },
  { "memory", set_memory },
  { "disk", set_disk },
  { "extra-disks", set_extra_disks },
  { "machine-type", set_name },
};

static VqSlotType *
get_last (const Reading *reading)
{
  return reading->types->pdata[reading->types->len - 1];
}

/* NULL, or the type with this NAME before the last one. */
static const VqSlotType *
find_earlier (const Reading *reading, const char *name)
{
  for (guint i = 0; i + 1 < reading->types->len; i++)
    if (g_str_equal (((VqSlotType *)reading->types->pdata[i])->name, name))
      return reading->types->pdata[i];
  return NULL;
}

/* Checks the group that has ended, if there is one. */
static gboolean
end_group (const Reading *reading, GError **error)
{
  const VqSlotType *type;
  const VqSlotType *earlier;

  if (reading->types->len == reading->n_before)
    return TRUE;
  type = get_last (reading);
  earlier = find_earlier (reading, type->name);
  VQ_ERROR_PREFIX (error, "%s, line %u", reading->path, reading->group_line);
  if (earlier != NULL)
    return vq_error_set (error, VQ_ERROR_USAGE, "there is a type \"%s\" already%s%s", type->name,
                         earlier->is_shared && !reading->is_shared ? ", in " HOST_FILE : "",
                         "; give this one another name");
  return type->count > 0
         || vq_error_set (error, VQ_ERROR_USAGE,
                          "\"%s\" has no count; say how many slots there are, as count=4",
                          type->name);
}

/* LINE begins with "[". */
static gboolean
begin_group (Reading *reading, char *line, GError **error)
{
  gsize length = strlen (line);
  VqSlotType *type = g_new0 (VqSlotType, 1);

  reading->seen = 0;
  reading->group_line = reading->line;
  g_ptr_array_add (reading->types, type);
  type->is_shared = reading->is_shared;
  if (line[length - 1] != ']')
    return vq_error_set (error, VQ_ERROR_USAGE, "a group is called as in [vps]");
  line[length - 1] = '\0';
  type->directory = g_strdup (reading->directory);
  return set_name (type, line + 1, error);
}

static gboolean
set_key (Reading *reading, const char *name, const char *value, GError **error)
{
  g_autofree char *shown = vq_text_printable (name, strlen (name), SHOWN_MAX);
  VQ_ERROR_PREFIX (error, "%s", shown);

  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    if (g_str_equal (keys[i].name, name))
      {
        if ((reading->seen & 1u << i) != 0)
          return vq_error_set (error, VQ_ERROR_USAGE, "it is there twice");
        reading->seen |= 1u << i;
        return keys[i].set (get_last (reading), value, error);
      }
  return vq_error_set (error, VQ_ERROR_USAGE,
                       "there is no such key; there are count, cpus, memory, disk, extra-disks and "
                       "machine-type");
}

/* LINE is neither empty nor a comment, and is changed. */
static gboolean
read_line (Reading *reading, char *line, GError **error)
{
  char *value = strchr (line, '=');
  VQ_ERROR_PREFIX (error, "%s, line %u", reading->path, reading->line);

  if (line[0] == '[')
    return begin_group (reading, line, error);
  if (reading->types->len == reading->n_before)
    return vq_error_set (error, VQ_ERROR_USAGE, "a group such as [vps] must come first");
  if (value == NULL)
    return vq_error_set (error, VQ_ERROR_USAGE, "this is neither [NAME] nor KEY=VALUE");
  *value++ = '\0';
  return set_key (reading, g_strchomp (line), g_strchug (value), error);
}

static gboolean
read_lines (Reading *reading, const char *text, GError **error)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  for (char **line = lines; *line != NULL; line++)
    {
      char *stripped = g_strstrip (*line);

      reading->line++;
      if (stripped[0] == '\0' || strchr ("#;", stripped[0]) != NULL)
        continue;
      if ((stripped[0] == '[' && !end_group (reading, error))
          || !read_line (reading, stripped, error))
        return FALSE;
    }
  return end_group (reading, error);
}

static gboolean
read_file (Reading reading, GError **error)
{
  g_autofree char *text = NULL;
  g_autoptr (GError) why = NULL;
  gsize length;

  reading.n_before = reading.types->len;
  text = vq_plain_file_read_text (reading.path, &length, &why);
  if (text == NULL)
    return vq_error_is_missing (why)
           || vq_error_set (error, VQ_ERROR_USAGE, "%s: %s", reading.path, why->message);
  if (strlen (text) != length || !g_utf8_validate (text, length, NULL))
    return vq_error_set (error, VQ_ERROR_USAGE, "%s is not a text", reading.path);
  return read_lines (&reading, text, error);
}

GPtrArray *
vq_slot_type_read (const char *host_file, const char *user_file, GError **error)
{
  g_autoptr (GPtrArray) types = g_ptr_array_new_with_free_func ((GDestroyNotify)vq_slot_type_free);
  g_autofree char *runtime = vq_path_build_runtime ();
  /* The name of an instance cannot begin with a dot, so this is none. */
  g_autofree char *directory = g_build_filename (runtime, ".slots", NULL);

  if (!read_file ((Reading){ host_file, HOST_DIRECTORY, TRUE, types }, error)
      || !read_file ((Reading){ user_file, directory, FALSE, types }, error))
    return NULL;
  return g_steal_pointer (&types);
}

GPtrArray *
vq_slot_type_read_all (GError **error)
{
  g_autofree char *user = vq_path_build_user_config (FILE_NAME);

  return vq_slot_type_read (HOST_FILE, user, error);
}

const VqSlotType *
vq_slot_type_find (GPtrArray *types, const char *name, GError **error)
{
  g_autoptr (GString) names = g_string_new (NULL);
  g_autofree char *shown = vq_text_printable (name, strlen (name), SHOWN_MAX);

  for (guint i = 0; i < types->len; i++)
    {
      const VqSlotType *type = types->pdata[i];

      if (g_str_equal (type->name, name))
        return type;
      g_string_append_printf (names, "%s%s", i > 0 ? ", " : "", type->name);
    }
  vq_error_set (error, VQ_ERROR_MISSING, "there is no type of slots called \"%s\"; %s%s", shown,
                types->len > 0 ? "there are: "
                               : "none is defined: make a file " HOST_FILE " with types",
                names->str);
  return NULL;
}
