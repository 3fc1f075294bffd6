// SPDX-License-Identifier: GPL-2.0-or-later
/* The meta-data files of downburst: what its section "downburst" says about the machine, and what
 * the rest says, which is for cloud-init in the guest. */
#pragma once

/* What a disk has if the files do not say it, in bytes. */
#define VQ_DOWNBURST_META_DISK_SIZE (G_GUINT64_CONSTANT (10) << 30)

#include <glib.h>

/* How many disks a list may have. */
#define VQ_DOWNBURST_META_N_DISKS_MAX 16

/* A network card. */
typedef struct
{
  char *bridge; /* the name of the host's bridge; NULL: QEMU's user network */
  char *mac;    /* NULL: none was given */
} VqDownburstCard;

/* A string is NULL if it was not given. Sizes are in bytes. */
typedef struct
{
  guint64 disk_size; /* 0: not given */
  guint64 ram;
  guint cpus;
  GPtrArray *cards; /* VqDownburstCard; there is at least one */
  char *distro;
  char *distroversion;
  char *arch;
  guint n_disks; /* additional ones */
  guint64 disks_size;
  guint n_rbd_disks;
  guint64 rbd_disks_size;
  char *ceph_name; /* of the cluster */
  char *ceph_monitors;
  char *ceph_pool;
  char *ceph_user;
  char *ceph_secret;
  gboolean has_interfaces; /* the rest says how the guest sets up its network */
  GBytes *guest;           /* the rest, in YAML */
} VqDownburstMeta;

/* Reads FILES, in their order, for the machine NAME: of a key that several have at their top, the
 * last one counts. KEYS are public keys that the guest's user gets unless a file says something
 * else. Both end with NULL. Reads plain files of 16 MiB at most. All errors are VQ_ERROR_USAGE and
 * name the file and the line, or the key. Transfer full. */
VqDownburstMeta *vq_downburst_meta_read (const char *name, const char *const *files,
                                         const char *const *keys, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

void vq_downburst_meta_free (VqDownburstMeta *meta);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqDownburstMeta, vq_downburst_meta_free)
