// SPDX-License-Identifier: GPL-2.0-or-later
/* What the user says about the guest's further disks (--disk, --disks, --clone-disks). Nothing here
 * looks at the host: whether an image exists is checked elsewhere (disk.h). All errors are
 * VQ_ERROR_USAGE.
 *
 * Disks have the order in which they are given. The first one is the guest's vdb, because vda is
 * what it boots from. An encrypted disk cannot be in a template, because its key must not be there.
 * So it is plugged into the guest that runs, and so are all behind it, which keeps the order. */
#pragma once

#include <glib.h>

#include "disk/nbd-name.h"
#include "disk/rbd-name.h"

/* The size of a disk that begins empty, if no other is given. */
#define VQ_DISK_SPEC_SIZE_DEFAULT (G_GUINT64_CONSTANT (10) << 30)

/* How many disks a guest can have; a PC has hardly more free slots. */
#define VQ_DISK_SPEC_N_MAX 16

/* Where a disk comes from (action=). */
typedef enum
{
  VQ_DISK_CREATE, /* a new one, which is empty or has the contents of an image */
  VQ_DISK_CLONE,  /* a new one, which has what its parent begins with */
  VQ_DISK_ATTACH, /* an image as it is */
} VqDiskAction;

/* What is done with it in the guest (type=). */
typedef enum
{
  VQ_DISK_TYPE_DEFAULT, /* only before vq_disk_spec_complete */
  VQ_DISK_FILESYSTEM,   /* it is mounted; if it begins empty, it gets a file system before that */
  VQ_DISK_BLOCK,        /* nothing */
} VqDiskType;

/* How the host caches it (cache=); the words are QEMU's. */
typedef enum
{
  VQ_DISK_CACHE_AUTO, /* unsafe, but for a disk that stays when QEMU ends */
  VQ_DISK_CACHE_NONE,
  VQ_DISK_CACHE_WRITEBACK,
  VQ_DISK_CACHE_WRITETHROUGH,
  VQ_DISK_CACHE_UNSAFE,
} VqDiskCache;

/* How the disk is encrypted (encrypt=, parent-encrypt=). */
typedef enum
{
  VQ_DISK_PLAIN,
  VQ_DISK_LUKS1,
  VQ_DISK_LUKS2,
} VqDiskEncryption;

/* One disk. A string is NULL if it was not given. */
typedef struct _VqDiskSpec VqDiskSpec;
struct _VqDiskSpec
{
  guint given; /* which keys were given; private */
  char *name;  /* the serial number, too; never NULL after vq_disk_spec_complete */
  VqDiskAction action;
  char *parent; /* the name of another disk, or an image as for url */
  char *url;    /* an image's path, address or name; an image in Ceph, which a disk that is created
                 * is stored in */
  char *format; /* which format the image must have */
  guint64 size; /* bytes; 0: not given */
  VqDiskType type;
  char *fs;    /* of a disk that gets a file system: "xfs" */
  char *mount; /* the directory in the guest; not NULL for a file system after completion */
  gboolean read_only;
  VqDiskCache cache;
  VqDiskEncryption encrypt; /* after completion that of the parent, if it was not given */
  VqDiskEncryption parent_encrypt;
  char *secret; /* the file with the key; NULL: a random one */
  char *parent_secret;

  /* Set by vq_disk_spec_complete. */
  VqRbdName *rbd; /* the image in Ceph that url or parent names; NULL: that is none */
  VqNbdName *nbd; /* the same for an image that a server exports */
  const VqDiskSpec *parent_disk; /* the disk that PARENT names; NULL: an image, or none */
  gboolean is_parent_only;       /* the guest does not see it, only its clone */
  gboolean has_own_key;          /* a clone: it does not have its parent's */
  gboolean is_late;              /* it is plugged in when the guest runs */
};

/* Parses the value of --disk: KEY=VALUE,... where a comma in a value is doubled. Transfer full. */
VqDiskSpec *vq_disk_spec_parse (const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void vq_disk_spec_free (VqDiskSpec *spec);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqDiskSpec, vq_disk_spec_free)

/* To be called once all SPECS (VqDiskSpec, in their order; the array frees them) are known. Gives
 * names and mount points to those without, finds the parents, and fails if the disks contradict
 * themselves or each other. With CLONE_ALL, each disk that is created becomes a parent that the
 * guest does not see, and is followed by a clone of it, NAME-clone. */
gboolean vq_disk_spec_complete (GPtrArray *specs, gboolean clone_all, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The image that SPEC, or the first of its parents, begins with; NULL: it begins empty. Belongs to
 * SPEC. */
const char *vq_disk_spec_get_image (const VqDiskSpec *spec);

/* SPEC or the first of its parents, which no disk is the parent of. */
const VqDiskSpec *vq_disk_spec_get_root (const VqDiskSpec *spec);

/* Whether SPEC is stored in Ceph. */
gboolean vq_disk_spec_is_rbd (const VqDiskSpec *spec);

/* The size that SPEC asks for, or the nearest of its parents that asks for any, in bytes. If none
 * does, it is VQ_DISK_SPEC_SIZE_DEFAULT, or 0 for that of the image. */
guint64 vq_disk_spec_get_size (const VqDiskSpec *spec);

/* All that matters to a guest, but image and size. Transfer full. */
char **vq_disk_spec_describe (const VqDiskSpec *spec);
