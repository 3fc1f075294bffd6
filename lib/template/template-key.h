// SPDX-License-Identifier: GPL-2.0-or-later
/* All facts that a template depends on, and their digest, which is its name. If any fact differs,
 * it is another template. The caller decides which facts to add (testbed/plan-inputs.c); nothing
 * here knows QEMU. */
#pragma once

#include <json-glib/json-glib.h>

#include "base/wait.h"

typedef struct _VqTemplateKey VqTemplateKey;

/* The name of the fact that tells people what the template is for: the boot image. */
#define VQ_TEMPLATE_KEY_IMAGE "image"

/* The number of hexadecimal digits in a digest. */
#define VQ_TEMPLATE_KEY_LENGTH 32

VqTemplateKey *vq_template_key_new (void);
void vq_template_key_free (VqTemplateKey *key);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqTemplateKey, vq_template_key_free)

/* Adds a fact. Names need not be unique, and the order of facts counts. A VALUE of NULL (not given)
 * differs from "". */
void vq_template_key_add_text (VqTemplateKey *key, const char *name, const char *value);

/* Adds ARGV, which ends with NULL, as one fact. */
void vq_template_key_add_argv (VqTemplateKey *key, const char *name, const char *const *argv);

/* Adds the absolute path of PATH, and the file's stamp, which changes whenever the file does
 * (file-stamp.h). Fails if the file cannot be looked at, and if it is not a plain file: the
 * contents of block devices, for example, can change without a trace. */
gboolean vq_template_key_add_file (VqTemplateKey *key, const char *name, const char *path,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Adds the file of PROGRAM, which is looked up on PATH, and the output of PROGRAM --version. Waits
 * for that until DEADLINE. */
gboolean vq_template_key_add_program (VqTemplateKey *key, const char *name, const char *program,
                                      gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Adds this host's kernel and processor, and our own version. */
gboolean vq_template_key_add_host (VqTemplateKey *key, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Fails if a file has changed since it was added. Takes microseconds per file. */
gboolean vq_template_key_check (const VqTemplateKey *key, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The first value of the first fact called NAME, or NULL if there is none. */
const char *vq_template_key_get (const VqTemplateKey *key, const char *name);

/* The digest of all facts so far: the first half of their SHA-256, in lower case. Transfer full. */
char *vq_template_key_get_digest (const VqTemplateKey *key);

/* Whether TEXT could be a digest. */
gboolean vq_template_key_is_digest (const char *text);

/* The facts, to show to people: an array of objects with "name" and "values". Bytes that are not
 * UTF-8 are replaced. Transfer full. */
JsonNode *vq_template_key_to_json (const VqTemplateKey *key);
