// SPDX-License-Identifier: GPL-2.0-or-later
/* The contents of a seed: the files on the small disk that cloud-init looks for at each boot
 * ("NoCloud"). seed-image.h makes the disk.
 * https://cloudinit.readthedocs.io/en/latest/reference/datasources/nocloud.html */
#pragma once

#include <glib.h>

/* The names of the disk, of the private key that lets us in, and of the public host key that the
 * guest has then; the keys are there only if the seed was made to let us in. */
#define VQ_SEED_IMAGE "cloud-seed.iso"
#define VQ_SEED_LOGIN_KEY "ssh-key"
#define VQ_SEED_HOST_KEY "ssh-host-key"

/* The names of files on the disk. */
#define VQ_SEED_USER_DATA "user-data"
#define VQ_SEED_META_DATA "meta-data"
#define VQ_SEED_NETWORK_CONFIG "network-config"

typedef struct
{
  char *name;
  GBytes *bytes;
  gboolean executable;
} VqSeedFile;

typedef struct
{
  GPtrArray *files; /* VqSeedFile */
} VqSeed;

VqSeed *vq_seed_new (void);
void vq_seed_free (VqSeed *seed);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqSeed, vq_seed_free)

/* Adds a file. BYTES get another reference. */
void vq_seed_add (VqSeed *seed, const char *name, GBytes *bytes, gboolean executable);

/* What is in the file NAME; NULL: there is none. It belongs to SEED. */
GBytes *vq_seed_get (const VqSeed *seed, const char *name);

/* Whether cloud-init has a meaning for a file called NAME. */
gboolean vq_seed_is_own_name (const char *name);

/* Whether a name that --set sets may have C in it. */
gboolean vq_seed_is_setting_char (char c);

/* The seed as bytes for another of our programs, and back. Transfer full. */
GBytes *vq_seed_pack (const VqSeed *seed);
VqSeed *vq_seed_unpack (GBytes *packed, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* 32 hexadecimal digits that are others if anything in SEED is. Transfer full. */
char *vq_seed_get_digest (const VqSeed *seed);

/* Completes SEED: OWN_PART (may be NULL) is user-data that comes after the user's; both files that
 * cloud-init requires are there; and so is an instance-id. If the user has given none, it is made
 * of the contents: cloud-init does its work again when it changes, and only then. */
gboolean vq_seed_complete (VqSeed *seed, const char *own_part, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
