// SPDX-License-Identifier: GPL-2.0-or-later
#include "verb/verb-image.h"

#include "verb/verb-image-build.h"
#include "verb/verb-image-cache.h"
#include "verb/verb-image-convert.h"
#include "verb/verb-image-info.h"
#include "verb/verb-image-list-os.h"
#include "verb/verb-image-pull.h"
#include "verb/verb-image-update.h"
#include "verb/verb.h"

static const VqVerb verbs[] = {
  { "info", "say what an image is, and whether it is safe to open", vq_verb_image_info_run },
  { "convert", "copy an image, in another format", vq_verb_image_convert_run },
  { "build", "build the image of a system", vq_verb_image_build_run },
  { "update", "upgrade the packages in such an image", vq_verb_image_update_run },
  { "list-os", "list the systems that can be used by name", vq_verb_image_list_os_run },
  { "pull", "fetch an image from the network", vq_verb_image_pull_run },
  { "list", "list the images that were fetched or built", vq_verb_image_cache_list },
  { "remove", "remove such images", vq_verb_image_cache_remove },
  { "prune", "remove those that were unused for the longest time", vq_verb_image_cache_prune },
  { NULL },
};

VqVerbStatus
vq_verb_image_run (const char *const *arguments)
{
  static const VqVerbTable table
      = { "virt-qemu image", "Looks at disk images; converts, fetches and builds them.", verbs };

  return vq_verb_run (&table, arguments);
}
