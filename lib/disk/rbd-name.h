// SPDX-License-Identifier: GPL-2.0-or-later
/* The name of an image in Ceph, as QEMU writes it: rbd:POOL/NAME[:id=USER][:conf=FILE]. A colon in
 * a part stands behind a backslash. */
#pragma once

#include <glib.h>

typedef struct
{
  char *pool;
  char *image;
  char *id;   /* the user, without "client."; NULL: Ceph's default, admin */
  char *conf; /* the path of ceph.conf; NULL: what Ceph's programs find */
} VqRbdName;

/* Whether TEXT begins as such a name. */
gboolean vq_rbd_name_is (const char *text);

/* TEXT must begin as such a name. All errors are VQ_ERROR_USAGE. Transfer full. */
VqRbdName *vq_rbd_name_parse (const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Another image of the same pool, for the same user. Transfer full. */
VqRbdName *vq_rbd_name_with_image (const VqRbdName *name, const char *image);
void vq_rbd_name_free (VqRbdName *name);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqRbdName, vq_rbd_name_free)

/* POOL/NAME, for Ceph's programs. Transfer full. */
char *vq_rbd_name_get_spec (const VqRbdName *name);
