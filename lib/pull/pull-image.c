// SPDX-License-Identifier: GPL-2.0-or-later
#include "pull/pull-image.h"

#include "image/image-name.h"
#include "pull/pull-url.h"
#include "pull/pull.h"

static char *
fetch (const char *url, VqCancel *cancel, GError **error)
{
  VqPullOptions options = VQ_PULL_OPTIONS_DEFAULT;
  g_auto (VqPullResult) result = { 0 };

  options.old_will_do = TRUE;
  return vq_pull_run (url, &options, &result, cancel, error) ? g_steal_pointer (&result.path)
                                                             : NULL;
}

char *
vq_pull_image_find (const char *name, VqCancel *cancel, GError **error)
{
  g_auto (GStrv) directories = NULL;

  if (vq_pull_url_is_file (name))
    return vq_pull_url_get_path (name, error);
  if (vq_pull_url_is (name))
    return fetch (name, cancel, error);
  directories = vq_image_name_get_directories ();
  return vq_image_name_find (name, (const char *const *)directories, error);
}
