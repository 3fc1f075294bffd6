// SPDX-License-Identifier: GPL-2.0-or-later
/* A template that is being made: a directory that the caller fills with the template's files
 * (template.h). Its name is one that nobody looks for; when it is complete it is renamed. Only one
 * process at a time makes a template for a key (template-turn.h). If that process is killed, the
 * next one removes the directory. */
#pragma once

#include <glib.h>

#include "io/private-dir.h"
#include "template/template-sweep.h"
#include "template/template-turn.h"
#include "template/template.h"

typedef struct _VqTemplateBuild VqTemplateBuild;

/* Begins a template for KEY in CACHE. TURN is for KEY, and is taken over even on failure.
 * Existing templates for KEY that are not in use are removed. CACHE must outlive the result. */
VqTemplateBuild *vq_template_build_new (VqPrivateDir *cache, const VqTemplateKey *key,
                                        const VqTemplateLimits *limits, VqTemplateTurn *turn,
                                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Removes everything that was made, unless it has been committed. */
void vq_template_build_free (VqTemplateBuild *build);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqTemplateBuild, vq_template_build_free)

/* Fails if less than BYTES are free on the disk. */
gboolean vq_template_build_check_room (VqTemplateBuild *build, guint64 bytes, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The directory to fill with plain files. */
const char *vq_template_build_get_directory (VqTemplateBuild *build);

/* The path that the directory will have when the template is committed. Transfer full. */
char *vq_template_build_get_final_path (VqTemplateBuild *build);

/* Adds a fact about the guest, for vq_template_get. */
void vq_template_build_set (VqTemplateBuild *build, const char *name, const char *value);

/* Turns the build into a template, which is then in use by the caller. Nobody may still write to
 * the files or have one mapped for writing, so QEMU must have ended. Fails if a file is missing or
 * empty. In any case BUILD can only be freed afterwards. Writes little and does not wait for the
 * disk, but may remove other templates to keep the cache within its limits. */
VqTemplate *vq_template_build_commit (VqTemplateBuild *build, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
