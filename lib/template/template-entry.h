// SPDX-License-Identifier: GPL-2.0-or-later
/* What is in the cache under a template's name, good or bad, looked at without using it; and how
 * to remove it. */
#pragma once

#include <glib.h>

#include "io/private-dir.h"
#include "template/template-info.h"

/* All is the entry's. */
typedef struct
{
  char *name;
  char *key;
  guint number;           /* as in template-name.h */
  VqTemplateInfo *info;   /* NULL if it cannot be read; then there is a problem */
  char *problem;          /* why nobody can use it; NULL: nothing is known */
  gboolean is_superseded; /* there is a later one for the same key */
  gboolean is_in_use;
  gint64 last_used;  /* microseconds of real time */
  guint64 allocated; /* the bytes on disk that it takes */
} VqTemplateEntry;

/* All that are in CACHE, the one that was used least recently first. What is no directory is left
 * out. Transfer full; the array frees its entries. */
GPtrArray *vq_template_entry_scan (VqPrivateDir *cache, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Which of ENTRIES a person means by TEXT: the first digits of a key, or all, and the number behind
 * a dot if there is one. Of several for one key it is the one without a number. Fails if there is
 * none, or more than one. It stays ENTRIES'. */
const VqTemplateEntry *vq_template_entry_find (GPtrArray *entries, const char *text, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Removes what is in CACHE under the template's name NAME, in one step to everybody else. *REMOVED
 * is FALSE if it is in use; TRUE also if it was not there. Does not wait but for the disk. */
gboolean vq_template_entry_remove (VqPrivateDir *cache, const char *name, gboolean *removed,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Removes the directory NAME that a remover left behind, unless that one is still at work. */
gboolean vq_template_entry_remove_old (VqPrivateDir *cache, const char *name, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
