// SPDX-License-Identifier: GPL-2.0-or-later
/* Cleans up the cache: removes what killed processes have left, and templates that are not in use
 * and are damaged, superseded, from before the host booted, too old, or too many. If something
 * cannot be removed, it stays, after a warning. Waits only for the disk. */
#pragma once

#include <glib.h>

#include "io/private-dir.h"
#include "template/template-info.h"
#include "template/template-limits.h"

/* Counts what was removed. */
typedef struct
{
  guint n_templates;
  guint64 bytes; /* the bytes that they took on the disk */
} VqTemplateSwept;

/* Why a template should not be used any more although it is not damaged, as a phrase ("it is too
 * old"), or NULL if it may be used. */
const char *vq_template_sweep_expired (const VqTemplateInfo *info, const VqTemplateLimits *limits);

/* Removes only what killed processes have left. Cheap if there is nothing. */
void vq_template_sweep_garbage (VqPrivateDir *cache);

/* Removes everything that should be removed, with these LIMITS. If there are too many templates,
 * those that were unused for the longest time go first. SWEPT may be NULL. */
void vq_template_sweep (VqPrivateDir *cache, const VqTemplateLimits *limits,
                        VqTemplateSwept *swept);

/* Removes all templates that are not in use. *N_KEPT is the number of those that are in use or
 * could not be removed. */
void vq_template_sweep_unused (VqPrivateDir *cache, VqTemplateSwept *swept, guint *n_kept);
