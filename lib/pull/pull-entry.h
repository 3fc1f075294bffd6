// SPDX-License-Identifier: GPL-2.0-or-later
/* The images in the cache (pull/pull-cache.h): listing them, and removing those that nobody uses.
 */
#pragma once

#include "io/private-dir.h"

typedef struct
{
  char *file; /* its name in the cache */
  char *path;
  char **urls;       /* where it is from, or the systems whose image it is */
  guint64 allocated; /* bytes on the disk */
  gint64 last_used;  /* microseconds of real time */
  gboolean is_used;
  char *user; /* a disk or an instance that needs it; NULL: only a process, or nothing, does */
} VqPullEntry;

/* The images in DIR (VqPullEntry), the one that was unused for the longest time first. Transfer
 * full. */
GPtrArray *vq_pull_entry_scan (VqPrivateDir *dir, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* How many bytes on the disk are of images that were not completed. */
guint64 vq_pull_entry_count_left (VqPrivateDir *dir);

/* The one of ENTRIES that TEXT names: an address, a path, or the first digits of the digest, if no
 * other begins with them. Fails with VQ_ERROR_MISSING if there is none. */
const VqPullEntry *vq_pull_entry_find (GPtrArray *entries, const char *text, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Removes the image. Fails with VQ_ERROR_BUSY if somebody uses it; the error says who. */
gboolean vq_pull_entry_remove (VqPrivateDir *dir, const VqPullEntry *entry, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

typedef struct
{
  guint64 max_size; /* bytes that all may take; 0: no limit */
  guint64 max_age;  /* seconds that one may be unused; 0: no limit */
} VqPullLimits;

typedef struct
{
  guint n_images;
  guint64 bytes;
} VqPullPruned;

/* Removes images that nobody uses: those that were unused for too long, and, while all together
 * take too much room, the one that was unused for the longest time. Also removes what has come of
 * images that nobody has gone on with for a week, or that are too old, and what is left of removed
 * ones. */
gboolean vq_pull_entry_prune (VqPrivateDir *dir, const VqPullLimits *limits, VqPullPruned *pruned,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;
