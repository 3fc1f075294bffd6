// SPDX-License-Identifier: GPL-2.0-or-later
/* What the user wants cloud-init in the guest to get, by the names of files (--user-data and its
 * like). Nothing here looks at the files; seed-read.h reads them. */
#pragma once

#include <glib.h>

/* Vectors end with NULL. */
typedef struct
{
  char **user_data;     /* files, in the order given */
  char **meta_data;     /* the same */
  char *network_config; /* a file; NULL: none */
  char **settings;      /* NAME=VALUE */
  char **files;         /* NAME=PATH: what else is on the disk */
  GBytes *packed;       /* what was read from all these before (vq_seed_pack); NULL: read them */
} VqSeedRequest;

/* Nothing is wanted. */
void vq_seed_request_init (VqSeedRequest *request);
void vq_seed_request_clear (VqSeedRequest *request);

/* Whether the guest gets no seed. */
gboolean vq_seed_request_is_empty (const VqSeedRequest *request);

/* Whether cloud-init must do something with it, and it is not only files for somebody else. */
gboolean vq_seed_request_needs_cloud_init (const VqSeedRequest *request);

/* Adds "NAME=VALUE" to LIST, which is settings. VQ_ERROR_USAGE if it is not of that form, or NAME
 * is there already. */
gboolean vq_seed_request_add_setting (char ***list, const char *pair, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Adds "NAME=PATH" to LIST, which is files, in the same way. NAME must be one that a file can have
 * in every ISO 9660 image, and not one that cloud-init knows. */
gboolean vq_seed_request_add_file (char ***list, const char *pair, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Fails with VQ_ERROR_USAGE if there are settings, but nothing to set them in. */
gboolean vq_seed_request_check (const VqSeedRequest *request, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
