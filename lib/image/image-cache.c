// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/image-cache.h"

#include "base/path.h"

char *
vq_image_cache_get_directory (void)
{
  g_autofree char *cache = vq_path_build_cache ();

  return g_build_filename (cache, "images", NULL);
}

VqPrivateDir *
vq_image_cache_open (GError **error)
{
  g_autofree char *path = vq_image_cache_get_directory ();

  return vq_private_dir_open (path, VQ_PRIVATE_DIR_CREATE, error);
}
