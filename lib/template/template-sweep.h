// SPDX-License-Identifier: GPL-2.0-or-later
/* What goes from the cache: what killed processes left, and templates that nobody uses and that are
 * damaged, superseded, of an earlier boot of the host, too old, or too many. What cannot be removed
 * gives a warning and stays. Nothing here waits but for the disk. */
#pragma once

#include <glib.h>

#include "io/private-dir.h"
#include "template/template-info.h"
#include "template/template-limits.h"

/* What has been removed. */
typedef struct
{
  guint n_templates;
  guint64 bytes; /* of those */
} VqTemplateSwept;

/* Why a template should not be used any more though nothing is wrong with it, as a phrase ("it is
 * older than ..."); NULL if it may. */
const char *vq_template_sweep_expired (const VqTemplateInfo *info, const VqTemplateLimits *limits);

/* Removes only what killed processes left. Cheap if there is none. */
void vq_template_sweep_garbage (VqPrivateDir *cache);

/* Removes all that goes within LIMITS; those that were used least recently first, if they are too
 * many. SWEPT may be NULL. */
void vq_template_sweep (VqPrivateDir *cache, const VqTemplateLimits *limits,
                        VqTemplateSwept *swept);

/* Removes all that nobody uses. *N_KEPT are in use, or could not be removed. */
void vq_template_sweep_unused (VqPrivateDir *cache, VqTemplateSwept *swept, guint *n_kept);
