// SPDX-License-Identifier: GPL-2.0-or-later
#include "seed/seed-read.h"

#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "io/plain-file.h"
#include "seed/meta-data.h"
#include "seed/user-data.h"

typedef struct
{
  const VqSeedRequest *request;
  gboolean *used; /* for each setting, whether it was found somewhere */
} Reader;

typedef gboolean (*Check) (GBytes *part, GError **error);

static GBytes *
read_file (const char *path, gboolean *executable, GError **error)
{
  struct stat st;
  GBytes *bytes = vq_plain_file_read (path, &st, error);

  *executable = bytes != NULL && (st.st_mode & 0111) != 0;
  return bytes;
}

/* The number of the setting called NAME, which has N bytes; -1: there is none. */
static int
find_setting (const Reader *reader, const char *name, gsize n)
{
  char **settings = reader->request->settings;

  for (int i = 0; settings[i] != NULL; i++)
    if (strncmp (settings[i], name, n) == 0 && settings[i][n] == '=')
      return i;
  return -1;
}

/* If TEXT begins with {NAME}, and NAME is set, adds the value to FILLED. Returns how many bytes of
 * TEXT are done. */
static gsize
fill_one (Reader *reader, const char *text, gsize left, GString *filled)
{
  gsize n = 1;
  int i;

  while (n < left && vq_seed_is_setting_char (text[n]))
    n++;
  i = text[0] == '{' && n < left && text[n] == '}' ? find_setting (reader, text + 1, n - 1) : -1;
  if (i < 0)
    {
      g_string_append_c (filled, text[0]);
      return 1;
    }
  g_string_append (filled, reader->request->settings[i] + n);
  reader->used[i] = TRUE;
  return n + 1;
}

/* What a value brings is not looked at again. */
static GBytes *
fill_in (Reader *reader, GBytes *part)
{
  gsize n;
  const char *text = g_bytes_get_data (part, &n);
  GString *filled;

  if (reader->request->settings[0] == NULL)
    return g_bytes_ref (part);
  filled = g_string_sized_new (n);
  for (gsize done = 0; done < n;)
    {
      gsize plain = (const char *)(memchr (text + done, '{', n - done) ?: text + n) - (text + done);

      g_string_append_len (filled, text + done, (gssize)plain);
      done += plain;
      if (done < n)
        done += fill_one (reader, text + done, n - done, filled);
    }
  return g_string_free_to_bytes (filled);
}

/* A text for cloud-init. OPTION is for errors. */
static GBytes *
read_text (Reader *reader, const char *option, const char *path, Check check, GError **error)
{
  gboolean executable;
  g_autoptr (GBytes) raw = NULL;
  g_autoptr (GBytes) plain = NULL;
  g_autoptr (GBytes) filled = NULL;
  VQ_ERROR_PREFIX (error, "%s %s", option, path);

  raw = read_file (path, &executable, error);
  plain = raw != NULL ? vq_user_data_unpack (raw, VQ_PLAIN_FILE_MAX, error) : NULL;
  if (plain == NULL)
    return NULL;
  if (g_bytes_get_size (plain) == 0)
    return vq_error_set (error, VQ_ERROR_USAGE, "it is empty"), NULL;
  filled = fill_in (reader, plain);
  return check (filled, error) ? g_steal_pointer (&filled) : NULL;
}

static GPtrArray *
read_texts (Reader *reader, const char *option, char **paths, Check check, GError **error)
{
  g_autoptr (GPtrArray) parts = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);

  for (; *paths != NULL; paths++)
    {
      GBytes *part = read_text (reader, option, *paths, check, error);

      if (part == NULL)
        return NULL;
      g_ptr_array_add (parts, part);
    }
  return g_steal_pointer (&parts);
}

static gboolean
read_user_data (Reader *reader, VqSeed *seed, GError **error)
{
  g_autoptr (GPtrArray) parts
      = read_texts (reader, "--user-data", reader->request->user_data, vq_user_data_check, error);
  g_autoptr (GBytes) merged = NULL;

  if (parts == NULL || parts->len == 0)
    return parts != NULL;
  merged = vq_user_data_merge (parts, error);
  if (merged != NULL)
    vq_seed_add (seed, VQ_SEED_USER_DATA, merged, FALSE);
  return merged != NULL;
}

static gboolean
read_meta_data (Reader *reader, VqSeed *seed, GError **error)
{
  g_autoptr (GPtrArray) parts
      = read_texts (reader, "--meta-data", reader->request->meta_data, vq_meta_data_check, error);
  g_autoptr (GBytes) merged = NULL;

  if (parts == NULL || parts->len == 0)
    return parts != NULL;
  merged = vq_meta_data_merge (parts, NULL, error);
  if (merged != NULL)
    vq_seed_add (seed, VQ_SEED_META_DATA, merged, FALSE);
  return merged != NULL;
}

static gboolean
read_network_config (Reader *reader, VqSeed *seed, GError **error)
{
  const char *path = reader->request->network_config;
  g_autoptr (GBytes) part = NULL;

  if (path == NULL)
    return TRUE;
  part = read_text (reader, "--network-config", path, vq_meta_data_check, error);
  if (part != NULL)
    vq_seed_add (seed, VQ_SEED_NETWORK_CONFIG, part, FALSE);
  return part != NULL;
}

static gboolean
read_other_file (VqSeed *seed, const char *pair, GError **error)
{
  const char *path = strchr (pair, '=') + 1;
  g_autofree char *name = g_strndup (pair, path - pair - 1);
  g_autoptr (GBytes) bytes = NULL;
  gboolean executable = FALSE;
  VQ_ERROR_PREFIX (error, "--cdrom-file %s", pair);

  bytes = read_file (path, &executable, error);
  if (bytes != NULL)
    vq_seed_add (seed, name, bytes, executable);
  return bytes != NULL;
}

static gboolean
read_other_files (Reader *reader, VqSeed *seed, GError **error)
{
  for (char **pair = reader->request->files; *pair != NULL; pair++)
    if (!read_other_file (seed, *pair, error))
      return FALSE;
  return TRUE;
}

static void
warn_of_unused (const Reader *reader)
{
  for (char **pair = reader->request->settings; *pair != NULL; pair++)
    if (!reader->used[pair - reader->request->settings])
      {
        int n = (int)strcspn (*pair, "=");

        g_warning ("--set %.*s: there is no {%.*s} in the files for cloud-init", n, *pair, n,
                   *pair);
      }
}

VqSeed *
vq_seed_read (const VqSeedRequest *request, GError **error)
{
  g_autoptr (VqSeed) seed = vq_seed_new ();
  g_autofree gboolean *used = g_new0 (gboolean, g_strv_length (request->settings) + 1);
  Reader reader = { request, used };

  if (request->packed != NULL)
    return vq_seed_unpack (request->packed, error);
  if (!read_user_data (&reader, seed, error) || !read_meta_data (&reader, seed, error)
      || !read_network_config (&reader, seed, error) || !read_other_files (&reader, seed, error))
    return NULL;
  warn_of_unused (&reader);
  return g_steal_pointer (&seed);
}
