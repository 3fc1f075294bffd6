// SPDX-License-Identifier: GPL-2.0-or-later
/* The templates in the cache, good and bad ones: looks at them without using them, and removes
 * them. */
#pragma once

#include <glib.h>

#include "io/private-dir.h"
#include "template/template-info.h"

/* One template. All members belong to the entry. */
typedef struct
{
  char *name;
  char *key;
  guint number;           /* as in template-name.h */
  VqTemplateInfo *info;   /* NULL if it cannot be read; PROBLEM says why */
  char *problem;          /* why it cannot be used; NULL if no reason is known */
  gboolean is_unknown;    /* PROBLEM is the host's: the template may be a good one */
  gboolean is_superseded; /* there is a newer one for the same key */
  gboolean is_in_use;
  gint64 last_used;  /* microseconds of real time */
  guint64 allocated; /* how many bytes it takes on the disk */
} VqTemplateEntry;

/* All templates in CACHE, beginning with the one that was unused for the longest time. Names that
 * are not directories are left out. Transfer full; the array frees its entries. */
GPtrArray *vq_template_entry_scan (VqPrivateDir *cache, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The entry in ENTRIES that a person means by TEXT, which is a key or its first digits, with the
 * number after a dot if there is one. Without a number, the template without a number is preferred.
 * Fails if there is no such entry (VQ_ERROR_MISSING), or more than one. The result belongs to
 * ENTRIES. */
const VqTemplateEntry *vq_template_entry_find (GPtrArray *entries, const char *text, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Removes the template NAME from CACHE. To other processes this happens in one step. *REMOVED is
 * FALSE if it is in use, and TRUE even if it did not exist. Waits only for the disk. */
gboolean vq_template_entry_remove (VqPrivateDir *cache, const char *name, gboolean *removed,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Removes the directory NAME, which another process has begun to remove, unless that process is
 * still at it. */
gboolean vq_template_entry_remove_old (VqPrivateDir *cache, const char *name, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
