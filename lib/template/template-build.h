// SPDX-License-Identifier: GPL-2.0-or-later
/* A template that is being made: a directory aside to be filled with its files (template.h), under
 * a name that nobody uses, until it is renamed into place. We are the only ones who make one for
 * this key. If we are killed, what is there stays garbage; the next process removes it. */
#pragma once

#include <glib.h>

#include "io/lock-file.h"
#include "io/private-dir.h"
#include "template/template-sweep.h"
#include "template/template.h"

typedef struct _VqTemplateBuild VqTemplateBuild;

/* Begins one for KEY in CACHE, with LOCK held, which it takes over even if it fails. Templates for
 * KEY that are there and not in use are removed. CACHE must outlive the result. */
VqTemplateBuild *vq_template_build_new (VqPrivateDir *cache, const VqTemplateKey *key,
                                        const VqTemplateLimits *limits, VqLockFile *lock,
                                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* If it has not been committed, removes all that has been made. */
void vq_template_build_free (VqTemplateBuild *build);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqTemplateBuild, vq_template_build_free)

/* Fails if less than BYTES are free on the disk. */
gboolean vq_template_build_check_room (VqTemplateBuild *build, guint64 bytes, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The directory to be filled with plain files. */
const char *vq_template_build_get_directory (VqTemplateBuild *build);

/* The path that NAME in it is going to have. Transfer full. */
char *vq_template_build_join_final (VqTemplateBuild *build, const char *name);

/* Adds a fact about the guest, for vq_template_get. */
void vq_template_build_set (VqTemplateBuild *build, const char *name, const char *value);

/* Makes it a template, and uses it. Nobody may write to the files any more, or have one mapped to
 * write: QEMU must have ended. Fails if a file is missing or empty. Then, and afterwards, BUILD is
 * only to be freed. Writes little and waits for no disk; but others may be removed to keep to the
 * limits. */
VqTemplate *vq_template_build_commit (VqTemplateBuild *build, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
