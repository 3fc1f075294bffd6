// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/image-cache.h"

char *
vq_image_cache_get_directory (void)
{
  return g_build_filename (g_get_user_cache_dir (), "virt-qemu", "images", NULL);
}

VqPrivateDir *
vq_image_cache_open (GError **error)
{
  g_autofree char *path = vq_image_cache_get_directory ();

  return vq_private_dir_open (path, VQ_PRIVATE_DIR_CREATE, error);
}
