// SPDX-License-Identifier: GPL-2.0-or-later
#include "pull/pull-image.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "image/image-name.h"
#include "pull/known-image.h"
#include "pull/pull-url.h"
#include "pull/pull.h"

#define SHOWN_MAX 512

static char *
fetch (const char *url, VqPullOptions *options, VqCancel *cancel, GError **error)
{
  g_auto (VqPullResult) result = { 0 };

  options->old_will_do = TRUE;
  return vq_pull_run (url, options, &result, cancel, error) ? g_steal_pointer (&result.path) : NULL;
}

static char *
fetch_url (const char *url, VqCancel *cancel, GError **error)
{
  VqPullOptions options = VQ_PULL_OPTIONS_DEFAULT;

  return fetch (url, &options, cancel, error);
}

/* Whether there is an image NAME on this host. */
static gboolean
is_there (const char *name)
{
  g_auto (GStrv) directories = vq_image_name_get_directories ();
  g_autofree char *path = NULL;

  if (strchr (name, '/') != NULL)
    return g_file_test (name, G_FILE_TEST_EXISTS);
  path = vq_image_name_find (name, (const char *const *)directories, NULL);
  return path != NULL;
}

/* Whether it stands for an address. */
static gboolean
is_known (const char *name)
{
  g_auto (GStrv) files = vq_known_image_get_files ();

  return !is_there (name) && vq_known_image_has (name, (const char *const *)files);
}

static char *
fetch_known (const char *name, const char *arch, VqCancel *cancel, GError **error)
{
  g_auto (GStrv) files = vq_known_image_get_files ();
  g_autoptr (VqKnownImage) known
      = vq_known_image_find (name, arch, (const char *const *)files, error);
  VqPullOptions options = VQ_PULL_OPTIONS_DEFAULT;

  if (known == NULL)
    return NULL;
  options.sums = known->needs_sums ? VQ_PULL_SUMS_NEEDED : VQ_PULL_SUMS_IF_THERE;
  options.keyring = known->keyring;
  return fetch (known->url, &options, cancel, error);
}

/* A file may be called so all the same. */
static gboolean
check_scheme (const char *name, GError **error)
{
  g_autofree char *shown = vq_text_printable (name, strlen (name), SHOWN_MAX);
  g_autofree char *scheme = g_uri_parse_scheme (name);

  return scheme == NULL || strstr (name, "://") == NULL || is_there (name)
         || vq_error_set (error, VQ_ERROR_USAGE,
                          "\"%s\": images are fetched over http and https only", shown);
}

char *
vq_pull_image_find (const char *name, const char *arch, VqCancel *cancel, GError **error)
{
  if (vq_pull_url_is_file (name))
    return vq_pull_url_get_path (name, error);
  if (vq_pull_url_is (name))
    return fetch_url (name, cancel, error);
  if (!check_scheme (name, error))
    return NULL;
  return is_known (name) ? fetch_known (name, arch, cancel, error)
                         : vq_image_name_provide (name, arch, cancel, error);
}

gboolean
vq_pull_image_is_cached (const char *name)
{
  return vq_pull_url_is (name) || vq_image_name_is_system (name) || is_known (name);
}
