// SPDX-License-Identifier: GPL-2.0-or-later
/* What QEMU is told about a disk that is plugged in while the guest runs. */
#pragma once

#include <json-glib/json-glib.h>

#include "disk/disk-secret.h"

/* A key that QEMU needs, and QEMU's name for it. */
typedef struct
{
  char *id;
  VqDiskSecret *secret;
} VqDiskKey;

/* What QEMU must be told before the disk can be plugged in. */
typedef struct
{
  GPtrArray *keys;  /* VqDiskKey */
  GPtrArray *nodes; /* JsonNode: the arguments of blockdev-add, in order */
  char *top;        /* the name of the node for the device */
} VqDiskNodes;

VqDiskNodes *vq_disk_nodes_new (const char *top);
void vq_disk_nodes_add_key (VqDiskNodes *nodes, const char *id, VqDiskSecret *secret);

/* Takes over NODE. */
void vq_disk_nodes_add (VqDiskNodes *nodes, JsonNode *node);
void vq_disk_nodes_free (VqDiskNodes *nodes);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqDiskNodes, vq_disk_nodes_free)
