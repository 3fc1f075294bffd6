// SPDX-License-Identifier: GPL-2.0-or-later
/* All facts that make a template fit, and their digest, which names it: if any of them differs, it
 * is another template. Which facts those are is for the caller to say; nothing here knows QEMU. */
#pragma once

#include <json-glib/json-glib.h>

#include "base/wait.h"

typedef struct _VqTemplateKey VqTemplateKey;

/* The name of the fact that tells people what a template is of: the boot image. */
#define VQ_TEMPLATE_KEY_IMAGE "image"

/* Hexadecimal digits of a digest. */
#define VQ_TEMPLATE_KEY_LENGTH 32

VqTemplateKey *vq_template_key_new (void);
void vq_template_key_free (VqTemplateKey *key);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqTemplateKey, vq_template_key_free)

/* Adds a fact. Names need not be unique; their order counts. A VALUE of NULL (not given) is not the
 * same as "". */
void vq_template_key_add_text (VqTemplateKey *key, const char *name, const char *value);

/* Adds ARGV, NULL at its end, as one fact. */
void vq_template_key_add_argv (VqTemplateKey *key, const char *name, const char *const *argv);

/* Adds the absolute path of PATH, and what changes whenever the file does (file-stamp.h). Fails if
 * it cannot be looked at, and for block devices and all else that is no plain file: their contents
 * can change without a trace. */
gboolean vq_template_key_add_file (VqTemplateKey *key, const char *name, const char *path,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Adds the file that PROGRAM (looked for on PATH) is, and what it says to --version. Waits for it,
 * until DEADLINE at most. */
gboolean vq_template_key_add_program (VqTemplateKey *key, const char *name, const char *program,
                                      gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Adds this host's kernel and processor, and our own version. */
gboolean vq_template_key_add_host (VqTemplateKey *key, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Fails if a file that was added is not what it was then. Takes microseconds for each. */
gboolean vq_template_key_check (const VqTemplateKey *key, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The first value of the first fact NAME; NULL if there is none. */
const char *vq_template_key_get (const VqTemplateKey *key, const char *name);

/* The digest of all facts so far: the first half of a SHA-256, in lower case. Transfer full. */
char *vq_template_key_get_digest (const VqTemplateKey *key);

/* Whether TEXT could be a digest. */
gboolean vq_template_key_is_digest (const char *text);

/* The facts for people: an array of objects with "name" and "values". Bytes that are no UTF-8 are
 * replaced. Transfer full. */
JsonNode *vq_template_key_to_json (const VqTemplateKey *key);
