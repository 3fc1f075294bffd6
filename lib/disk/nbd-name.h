// SPDX-License-Identifier: GPL-2.0-or-later
/* The address of an image that a server exports with the network block device's protocol:
 * nbd://HOST[:PORT]/[EXPORT] or nbd+unix:///[EXPORT]?socket=PATH, as QEMU's own tools write it. */
#pragma once

#include "base/json.h"
#include "base/wait.h"

typedef struct
{
  char *host;   /* NULL: the server is at SOCKET */
  char *port;   /* of HOST */
  char *socket; /* a path */
  char *export; /* may be empty */
} VqNbdName;

/* Whether TEXT is such an address, be it a good one or not. */
gboolean vq_nbd_name_is (const char *text);

/* TEXT must be such an address. Fails with VQ_ERROR_USAGE if it is not a good one. Transfer full.
 */
VqNbdName *vq_nbd_name_parse (const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void vq_nbd_name_free (VqNbdName *name);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqNbdName, vq_nbd_name_free)

/* QEMU's node for it, which is named NODE and only read. Transfer full. */
JsonNode *vq_nbd_name_build_node (const VqNbdName *name, const char *node);

/* Asks the server for the size of the image, in bytes. Waits for qemu-img, for half a minute at
 * most. */
gboolean vq_nbd_name_find_size (const VqNbdName *name, guint64 *size, VqCancel *cancel,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;
