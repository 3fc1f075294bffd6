// SPDX-License-Identifier: GPL-2.0-or-later
/* The names in the cache's directory:
 *
 *   KEY        a template: KEY is the digest of its key (template-key.h)
 *   KEY.N      a later one for the same key, made while an earlier one was in use; N is 2 or more.
 *              Of several the one with the largest number counts
 *   .new-KEY   one that is being made, by the process that holds KEY.lock; else garbage
 *   KEY.lock   the lock for that (lock-file.h)
 *   .old-NAME  one that is being removed, or that somebody who was killed began to remove
 *
 * Anything else is not ours, and left alone. */
#pragma once

#include <glib.h>

#define VQ_TEMPLATE_NAME_OLD ".old-"

/* If NAME is that of a template, its key (transfer full) and number, 1 for the plain name. KEY may
 * be NULL. */
gboolean vq_template_name_parse (const char *name, char **key, guint *number);

/* Whether NAME is that of a template for KEY. */
gboolean vq_template_name_is_of (const char *name, const char *key);

/* If NAME is that of a directory that is being made, or of a lock, its key (transfer full). */
gboolean vq_template_name_parse_new (const char *name, char **key);
gboolean vq_template_name_parse_lock (const char *name, char **key);

/* The names for KEY. Transfer full. */
char *vq_template_name_build (const char *key, guint number);
char *vq_template_name_build_new (const char *key);
char *vq_template_name_build_lock (const char *key);
