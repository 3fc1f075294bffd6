// SPDX-License-Identifier: GPL-2.0-or-later
#include "seed/seed-request.h"

#include <string.h>

#include "base/error.h"
#include "seed/seed.h"

#define NAME_MAX_CHARS 64 /* Joliet has no more */

void
vq_seed_request_init (VqSeedRequest *request)
{
  request->user_data = g_new0 (char *, 1);
  request->meta_data = g_new0 (char *, 1);
  request->network_config = NULL;
  request->settings = g_new0 (char *, 1);
  request->files = g_new0 (char *, 1);
  request->packed = NULL;
}

void
vq_seed_request_clear (VqSeedRequest *request)
{
  g_strfreev (request->user_data);
  g_strfreev (request->meta_data);
  g_free (request->network_config);
  g_strfreev (request->settings);
  g_strfreev (request->files);
  g_clear_pointer (&request->packed, g_bytes_unref);
}

gboolean
vq_seed_request_is_empty (const VqSeedRequest *request)
{
  return request->files[0] == NULL && !vq_seed_request_needs_cloud_init (request);
}

gboolean
vq_seed_request_needs_cloud_init (const VqSeedRequest *request)
{
  return request->user_data[0] != NULL || request->meta_data[0] != NULL
         || request->network_config != NULL;
}

/* Adds PAIR. Its name is the first N bytes. */
static gboolean
add (char ***list, const char *pair, gsize n, GError **error)
{
  guint count = g_strv_length (*list);

  for (guint i = 0; i < count; i++)
    if (strncmp ((*list)[i], pair, n + 1) == 0)
      return vq_error_set (error, VQ_ERROR_USAGE, "the name %.*s is given twice", (int)n, pair);
  *list = g_renew (char *, *list, count + 2);
  (*list)[count] = g_strdup (pair);
  (*list)[count + 1] = NULL;
  return TRUE;
}

/* Sets *N to the length of the name in PAIR. */
static gboolean
split (const char *pair, const char *form, gsize *n, GError **error)
{
  const char *mark = strchr (pair, '=');

  if (mark == NULL || mark == pair)
    return vq_error_set (error, VQ_ERROR_USAGE, "'%s' is not of the form %s", pair, form);
  *n = mark - pair;
  return TRUE;
}

gboolean
vq_seed_request_add_setting (char ***list, const char *pair, GError **error)
{
  gsize n = 0;

  if (!split (pair, "NAME=VALUE", &n, error))
    return FALSE;
  for (gsize i = 0; i < n; i++)
    if (!vq_seed_is_setting_char (pair[i]))
      return vq_error_set (error, VQ_ERROR_USAGE,
                           "the name %.*s has more in it than letters, digits, '_', '-' and '.'",
                           (int)n, pair);
  return add (list, pair, n, error);
}

static gboolean
check_file_name (const char *name, GError **error)
{
  for (const char *c = name; *c != '\0'; c++)
    if (!g_ascii_isprint (*c) || strchr ("/\\:;*?", *c) != NULL)
      return vq_error_set (error, VQ_ERROR_USAGE,
                           "the name must be plain: printable ASCII without / \\ : ; * ?");
  if (strlen (name) > NAME_MAX_CHARS)
    return vq_error_set (error, VQ_ERROR_USAGE, "the name is longer than %d characters",
                         NAME_MAX_CHARS);
  if (g_str_equal (name, ".") || g_str_equal (name, "..") || vq_seed_is_own_name (name))
    return vq_error_set (error, VQ_ERROR_USAGE, "the name %s has a meaning of its own", name);
  return TRUE;
}

gboolean
vq_seed_request_add_file (char ***list, const char *pair, GError **error)
{
  g_autofree char *name = NULL;
  gsize n = 0;

  if (!split (pair, "NAME=PATH", &n, error))
    return FALSE;
  if (pair[n + 1] == '\0')
    return vq_error_set (error, VQ_ERROR_USAGE, "'%s' names no file", pair);
  name = g_strndup (pair, n);
  return check_file_name (name, error) && add (list, pair, n, error);
}

gboolean
vq_seed_request_check (const VqSeedRequest *request, GError **error)
{
  return request->settings[0] == NULL || request->user_data[0] != NULL
         || request->meta_data[0] != NULL || request->network_config != NULL
         || vq_error_set (error, VQ_ERROR_USAGE,
                          "--set needs --user-data, --meta-data or --network-config");
}
