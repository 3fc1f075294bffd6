// SPDX-License-Identifier: GPL-2.0-or-later
/* The images of downburst's machines. They are those that virt-qemu knows by name. */
#pragma once

#include "downburst/downburst-host.h"

/* What a caller of downburst calls an image. A string is NULL if it was not given. */
typedef struct
{
  const char *distro;        /* ubuntu */
  const char *distroversion; /* 24.04, noble or 24.04(noble); the latest one with long support */
  const char *arch;          /* x86_64, amd64, ...; the host's */
} VqDownburstImage;

/* virt-qemu's name for IMAGE: "ubuntu/24.04/amd64". VQ_ERROR_USAGE if there can be no such name.
 * Transfer full. */
char *vq_downburst_image_get_name (const VqDownburstImage *image, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The architecture of IMAGE as dpkg names it, if its name does not tell; else NULL. Transfer full.
 */
char *vq_downburst_image_get_arch (const VqDownburstImage *image);

/* Makes HOST fetch the image NAME, unless it has one and FORCENEW is not set. *PATH (transfer full)
 * is then where it is, and otherwise NULL: the image is known by its name. Waits as long as the
 * image comes. */
gboolean vq_downburst_image_fetch (const VqDownburstHost *host, const char *name, gboolean forcenew,
                                   char **path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The systems that HOST knows, as downburst lists them: a line for each distribution, or (IN_JSON)
 * {"debian": ["13(trixie)", ...], ...}. Transfer full. */
char *vq_downburst_image_list (const VqDownburstHost *host, gboolean in_json, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
