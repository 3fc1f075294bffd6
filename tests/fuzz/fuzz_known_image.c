// SPDX-License-Identifier: GPL-2.0-or-later
/* images.conf */
#include "fuzz.h"
#include "pull/known-image.h"

FUZZ (known_image)
{
  const char *const files[] = { fuzz_file ("images.conf", bytes, n), NULL };
  g_auto (GStrv) names G_GNUC_UNUSED = vq_known_image_list (files);
  g_autoptr (GError) error = NULL;
  g_autoptr (VqKnownImage) image = vq_known_image_find ("debian/12", "amd64", files, &error);

  fuzz_assert_told (image != NULL, &error);
  vq_known_image_has ("mine", files);
}
