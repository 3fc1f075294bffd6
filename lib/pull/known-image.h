// SPDX-License-Identifier: GPL-2.0-or-later
/* Images that have names of their own: in images.conf, which says what may be in it, and which the
 * host's administrator and the user can extend. */
#pragma once

#include <glib.h>

typedef struct
{
  char *url;
  gboolean needs_sums; /* there must be a file with its digest beside it */
  char *keyring;       /* with a signature by a key in this file; NULL: no matter */
} VqKnownImage;

void vq_known_image_free (VqKnownImage *image);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqKnownImage, vq_known_image_free)

/* The files in which images are looked for: ours, /etc/virt-qemu/images.conf and the user's. A
 * group in a later one replaces that in an earlier one, and none must exist. Transfer full. */
char **vq_known_image_get_files (void);

/* Whether one of FILES has a group of its own for NAME, which is neither a distribution nor one of
 * its releases. A file that is wrong counts as one that is not there. */
gboolean vq_known_image_has (const char *name, const char *const *files);

/* All names of the form DISTRO/RELEASE for which that is so. Transfer full. */
char **vq_known_image_list (const char *const *files);

/* The image NAME in FILES, which may be a release of a distribution (image/os-name.h); ARCH is for
 * a name that has none. Fails with VQ_ERROR_MISSING if no file knows it or there is no such
 * release, and with VQ_ERROR_USAGE if a file is wrong. Transfer full. */
VqKnownImage *vq_known_image_find (const char *name, const char *arch, const char *const *files,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
