// SPDX-License-Identifier: GPL-2.0-or-later
/* The cache of templates on the host's disk, shared by all processes of a user: to find one for a
 * key, or to be the one who makes it. Nothing in it is precious: whatever is wrong with it, the
 * worst is an error here and a guest that boots without a template.
 *
 *   find ----------------------------> VqTemplate (template.h), in use until it is freed
 *   begin -> VqTemplateBuild (template-build.h) -> commit -> VqTemplate
 *         \-> VqTemplate, if another process has made it while we waited for that one
 *
 * template-name.h says what is in the directory. Nothing but a template with its final name is ever
 * used, and only as long as its files are what they were when it was saved (template-info.h). */
#pragma once

#include <glib.h>

#include "template/template-build.h"
#include "template/template-key.h"
#include "template/template-sweep.h"
#include "template/template.h"
#include "base/wait.h"

typedef struct _VqTemplateStore VqTemplateStore;

/* ${XDG_CACHE_HOME:-~/.cache}/virt-qemu/templates. Transfer full. */
char *vq_template_store_get_default_directory (void);

/* Opens DIRECTORY (NULL: the default), which is made if need be, and removes what killed processes
 * have left in it. Fails if it cannot be written, belongs to another user, or if others can write
 * in it. */
VqTemplateStore *vq_template_store_open (const char *directory, const VqTemplateLimits *limits,
                                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* All builds must be freed before; templates need not. */
void vq_template_store_free (VqTemplateStore *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqTemplateStore, vq_template_store_free)

/* Whether its directory is still there: somebody may have removed it, and then it is of no use. */
gboolean vq_template_store_is_current (VqTemplateStore *store);

/* The template for KEY if there is one that is good and not too old, else NULL. One that is damaged
 * is removed, with a warning that says why. Does not wait. */
VqTemplate *vq_template_store_find (VqTemplateStore *store, const VqTemplateKey *key);

typedef enum
{
  VQ_TEMPLATE_ANY, /* look for it again, when others have been waited for */
  VQ_TEMPLATE_NEW, /* take none that was there before; it is removed if nobody uses it */
} VqTemplateWish;

/* After vq_template_store_find has found none: begins to make the template for KEY. If another
 * process is at it, tells the user and waits for that one, until DEADLINE; when it succeeds,
 * *TEMPLATE is what it has made, when it fails or is killed it is our turn. On success one of
 * *TEMPLATE and *BUILD is set. What is too old, and what is beyond the limit of size, is removed.
 * Fails if the cache cannot be used; VQ_ERROR_TIMEOUT at DEADLINE. */
gboolean vq_template_store_begin (VqTemplateStore *store, const VqTemplateKey *key,
                                  VqTemplateWish wish, gint64 deadline, VqCancel *cancel,
                                  VqTemplate **template, VqTemplateBuild **build, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
