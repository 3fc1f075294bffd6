// SPDX-License-Identifier: GPL-2.0-or-later
/* The names in the cache's directory:
 *
 *   KEY        a template: KEY is the digest of its key (template-key.h)
 *   KEY.N      a newer one for the same key, made while an older one was in use; N is 2 or more.
 *              Of several the one with the largest number counts
 *   .new-KEY   one that is being made by the process that holds KEY.lock; garbage if none does
 *   KEY.lock   the lock for making one (lock-file.h)
 *   .old-NAME  one that is being removed; garbage if the process that did it was killed
 *
 * Anything else is not ours, and is left alone. */
#pragma once

#include <glib.h>

#define VQ_TEMPLATE_NAME_OLD ".old-"

/* Whether NAME is the name of a template. Gives its key (transfer full; KEY may be NULL) and its
 * number, which is 1 if there is none in the name. */
gboolean vq_template_name_parse (const char *name, char **key, guint *number);

/* Whether NAME is the name of a template for KEY. */
gboolean vq_template_name_is_of (const char *name, const char *key);

/* Whether NAME is the name of a template that is being made, or of a lock. Gives its key (transfer
 * full). */
gboolean vq_template_name_parse_new (const char *name, char **key);
gboolean vq_template_name_parse_lock (const char *name, char **key);

/* Build the names for KEY. Transfer full. */
char *vq_template_name_build (const char *key, guint number);
char *vq_template_name_build_new (const char *key);
char *vq_template_name_build_lock (const char *key);
