// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/config.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/path.h"
#include "io/plain-file.h"

#define FILE_NAME "config"
#define DEFAULT "default"
#define IMAGE "image "

/* One that is being read. */
typedef struct
{
  const VqConfigKeys *keys;
  const char *image;
  const char *path;
  GKeyFile *file;
  GPtrArray *entries; /* by the option's index; NULL: none yet */
} Reading;

static void
entry_free (VqConfigEntry *entry)
{
  if (entry == NULL)
    return;
  g_strfreev (entry->values);
  g_free (entry->origin);
  g_free (entry);
}

static int
find_key (const VqConfigKeys *keys, const char *name)
{
  for (int i = 0; keys->table[i].name != NULL; i++)
    if (g_str_equal (keys->table[i].name, name))
      return i;
  return -1;
}

static gboolean
check_key (const Reading *reading, const char *key, VqConfigKind *kind, GError **error)
{
  int index = find_key (reading->keys, key);

  if (index < 0)
    return vq_error_set (error, VQ_ERROR_USAGE, "there is no option --%s", key);
  *kind = reading->keys->get_kind (index);
  return *kind != VQ_CONFIG_FORBIDDEN
         || vq_error_set (error, VQ_ERROR_USAGE, "--%s is only for a command line", key);
}

/* *VALUES stays NULL for a flag that is FALSE. */
static gboolean
take_flag (char **text, char ***values, GError **error)
{
  if (g_str_equal (*text, "false"))
    return TRUE;
  if (!g_str_equal (*text, "true"))
    return vq_error_set (error, VQ_ERROR_USAGE, "\"%s\" is neither true nor false", *text);
  *values = g_new0 (char *, 1);
  return TRUE;
}

static gboolean
read_values (const Reading *reading, const char *group, const char *key, char ***values,
             GError **error)
{
  VQ_ERROR_PREFIX (error, "%s", key);
  g_autoptr (GError) why = NULL;
  g_auto (GStrv) texts = NULL;
  VqConfigKind kind = VQ_CONFIG_VALUE;

  if (!check_key (reading, key, &kind, error))
    return FALSE;
  if (kind == VQ_CONFIG_LIST)
    texts = g_key_file_get_string_list (reading->file, group, key, NULL, &why);
  else
    {
      texts = g_new0 (char *, 2);
      texts[0] = g_key_file_get_string (reading->file, group, key, &why);
    }
  if (why != NULL)
    return vq_error_set (error, VQ_ERROR_USAGE, "%s", why->message);
  if (kind == VQ_CONFIG_FLAG)
    return take_flag (texts, values, error);
  *values = g_steal_pointer (&texts);
  return TRUE;
}

static gboolean
read_key (const Reading *reading, const char *group, const char *key, gboolean is_wanted,
          GError **error)
{
  g_auto (GStrv) values = NULL;
  VqConfigEntry *entry;

  if (!read_values (reading, group, key, &values, error))
    return FALSE;
  if (!is_wanted)
    return TRUE;
  entry = g_new0 (VqConfigEntry, 1);
  entry->index = find_key (reading->keys, key);
  entry->values = g_steal_pointer (&values);
  entry->origin = g_strdup_printf ("%s: [%s]", reading->path, group);
  entry_free (reading->entries->pdata[entry->index]);
  reading->entries->pdata[entry->index] = entry;
  return TRUE;
}

/* Also of a group that is for other images, whose mistakes are told at once, too. */
static gboolean
read_group (const Reading *reading, const char *group, gboolean is_wanted, GError **error)
{
  g_auto (GStrv) keys = g_key_file_get_keys (reading->file, group, NULL, NULL);
  VQ_ERROR_PREFIX (error, "[%s]", group);

  for (char **key = keys; key != NULL && *key != NULL; key++)
    if (!read_key (reading, group, *key, is_wanted, error))
      return FALSE;
  return TRUE;
}

/* GLib ends the process for a pattern that is not UTF-8. */
static gboolean
matches (const char *pattern, const char *image)
{
  g_autofree char *base = image != NULL ? g_path_get_basename (image) : NULL;

  return image != NULL && g_utf8_validate (pattern, -1, NULL) && g_utf8_validate (image, -1, NULL)
         && (g_pattern_match_simple (pattern, image) || g_pattern_match_simple (pattern, base));
}

static gboolean
read_groups (const Reading *reading, GError **error)
{
  g_auto (GStrv) groups = g_key_file_get_groups (reading->file, NULL);

  if (g_key_file_has_group (reading->file, DEFAULT) && !read_group (reading, DEFAULT, TRUE, error))
    return FALSE;
  for (char **group = groups; *group != NULL; group++)
    if (g_str_has_prefix (*group, IMAGE))
      {
        if (!read_group (reading, *group, matches (*group + strlen (IMAGE), reading->image), error))
          return FALSE;
      }
    else if (!g_str_equal (*group, DEFAULT))
      return vq_error_set (error, VQ_ERROR_USAGE,
                           "there is no group [%s], but [" DEFAULT "] and [" IMAGE "PATTERN]",
                           *group);
  return TRUE;
}

static gboolean
read_file (Reading reading, GError **error)
{
  VQ_ERROR_PREFIX (error, "%s", reading.path);
  g_autoptr (GError) why = NULL;
  g_autoptr (GKeyFile) file = g_key_file_new ();
  gsize length;
  g_autofree char *text = vq_plain_file_read_text (reading.path, &length, &why);

  /* An empty text would not be loaded. */
  if (text == NULL
      || (length > 0 && !g_key_file_load_from_data (file, text, length, G_KEY_FILE_NONE, &why)))
    return vq_error_set (error, VQ_ERROR_USAGE, "%s%s", why->message,
                         g_error_matches (why, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_PARSE)
                             ? " (NAME=VALUE, below [" DEFAULT "] or [" IMAGE "PATTERN])"
                             : "");
  reading.file = file;
  return read_groups (&reading, error);
}

/* It need not be there. The home directory may be that of somebody else, with sudo. */
static gboolean
read_if_there (Reading reading, const char *path, GError **error)
{
  reading.path = path;
  if (access (path, R_OK) == 0)
    return read_file (reading, error);
  if (errno != ENOENT && errno != ENOTDIR)
    g_message ("%s is left out: %s", path, g_strerror (errno));
  return TRUE;
}

static gboolean
read_files (Reading reading, GError **error)
{
  g_autofree char *user = vq_path_build_user_config (FILE_NAME);

  reading.path = g_getenv ("VIRT_QEMU_CONFIG");
  if (reading.path != NULL)
    return *reading.path == '\0' || read_file (reading, error);
  return read_if_there (reading, VQ_PATH_HOST_CONFIG FILE_NAME, error)
         && read_if_there (reading, user, error);
}

GPtrArray *
vq_config_read (const VqConfigKeys *keys, const char *image, GError **error)
{
  g_autoptr (GPtrArray) entries = g_ptr_array_new_with_free_func ((GDestroyNotify)entry_free);
  int n = 0;

  while (keys->table[n].name != NULL)
    n++;
  g_ptr_array_set_size (entries, n);
  if (!read_files ((Reading){ keys, image, NULL, NULL, entries }, error))
    return NULL;
  while (g_ptr_array_remove (entries, NULL))
    ;
  return g_steal_pointer (&entries);
}
