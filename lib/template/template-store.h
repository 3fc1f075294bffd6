// SPDX-License-Identifier: GPL-2.0-or-later
/* The cache of templates on the host's disk, which all processes of a user share. It finds the
 * template for a key, or lets exactly one process make it. Nothing in it is precious: if anything
 * is wrong with it, the worst result is an error here, and a guest that boots without a template.
 *
 *   find ----------------------------> VqTemplate (template.h), in use until it is freed
 *   begin -> VqTemplateBuild (template-build.h) -> commit -> VqTemplate
 *         \-> VqTemplate, if another process has made it while we waited for that one
 *
 * template-name.h describes the names in the directory. Only a template with its final name is ever
 * used, and only as long as its files have not changed since it was saved (template-info.h). */
#pragma once

#include <glib.h>

#include "template/template-build.h"
#include "template/template-key.h"
#include "template/template-sweep.h"
#include "template/template.h"
#include "base/wait.h"

typedef struct _VqTemplateStore VqTemplateStore;

/* The directory "templates" in the cache (vq_path_build_cache). Transfer full. */
char *vq_template_store_get_default_directory (void);

/* Opens DIRECTORY (NULL: the default), which is made if it does not exist, and removes what killed
 * processes have left in it. Fails if we cannot write to it, it belongs to another user, or others
 * can write to it. */
VqTemplateStore *vq_template_store_open (const char *directory, const VqTemplateLimits *limits,
                                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* All builds must be freed before this. Templates may outlive it. */
void vq_template_store_free (VqTemplateStore *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqTemplateStore, vq_template_store_free)

/* The template for KEY, or NULL if there is none that is good and not too old. A damaged one is
 * removed, after a warning that says why. Does not wait. */
VqTemplate *vq_template_store_find (VqTemplateStore *store, const VqTemplateKey *key);

typedef enum
{
  VQ_TEMPLATE_ANY, /* if another process has made one while we waited, use that */
  VQ_TEMPLATE_NEW, /* make a new one; do not use one that existed before */
} VqTemplateWish;

/* Begins to make the template for KEY, after vq_template_store_find has found none. If another
 * process is making it, tells the user and waits as long as that process works; PATIENCE is for
 * vq_template_turn_wait. If it succeeds, *TEMPLATE is the template that it has made; if it fails or
 * is killed, it is our turn. On success either *TEMPLATE or *BUILD is set. Templates that are too
 * old, or too many, are removed. Fails if the cache cannot be used, and with VQ_ERROR_TIMEOUT if
 * that process does not work. */
gboolean vq_template_store_begin (VqTemplateStore *store, const VqTemplateKey *key,
                                  VqTemplateWish wish, double patience, VqCancel *cancel,
                                  VqTemplate **template, VqTemplateBuild **build, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
