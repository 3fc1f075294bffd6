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
vq_pull_image_find (const char *name, const char *arch, VqCancel *cancel, GError **error)
{
  if (vq_pull_url_is_file (name))
    return vq_pull_url_get_path (name, error);
  if (vq_pull_url_is (name))
    return fetch (name, cancel, error);
  return vq_image_name_provide (name, arch, cancel, error);
}

gboolean
vq_pull_image_is_cached (const char *name)
{
  return vq_pull_url_is (name) || vq_image_name_is_system (name);
}
