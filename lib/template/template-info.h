// SPDX-License-Identifier: GPL-2.0-or-later
/* The file template.json of a template. It says what the template was made from and when, which
 * files belong to it and what their stamps were, and some facts about its guest. That it can be
 * read does not mean that the template is good: call vq_template_info_check and
 * vq_template_info_is_safe. */
#pragma once

#include <glib.h>

#include "io/private-dir.h"
#include "template/template-key.h"

typedef struct _VqTemplateInfo VqTemplateInfo;

#define VQ_TEMPLATE_INFO_FILE "template.json"

/* An empty file: all other files of the template are on the disk, and outlive a crash of the host.
 */
#define VQ_TEMPLATE_INFO_SYNCED "synced"

/* The largest template.json that is read or written, in bytes. */
#define VQ_TEMPLATE_INFO_MAX (1024 * 1024)

/* The info of a template for KEY that is being made now. Fails if the host's boot id cannot be
 * read. */
VqTemplateInfo *vq_template_info_new (const VqTemplateKey *key, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Reads the info of the template in DIR. Fails if the file is missing, too long, not JSON, or not
 * in our format. */
VqTemplateInfo *vq_template_info_read (VqPrivateDir *dir, GError **error) G_GNUC_WARN_UNUSED_RESULT;

void vq_template_info_free (VqTemplateInfo *info);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqTemplateInfo, vq_template_info_free)

/* Sets the mode of the file NAME in DIR to 0600 and records its stamp. From now on nobody may write
 * to the file or have it mapped for writing. */
gboolean vq_template_info_add_file (VqTemplateInfo *info, VqPrivateDir *dir, const char *name,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean vq_template_info_has_file (const VqTemplateInfo *info, const char *name);

/* Adds a fact about the guest, for those who fork it. VALUE may hold any bytes except NUL. */
void vq_template_info_set (VqTemplateInfo *info, const char *name, const char *value);

/* The fact NAME, or NULL if there is none. Belongs to INFO. */
const char *vq_template_info_get (const VqTemplateInfo *info, const char *name);

/* Writes template.json to DIR, where it must not exist yet, with the present time. */
gboolean vq_template_info_write (VqTemplateInfo *info, VqPrivateDir *dir, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Fails if a file in DIR is missing, has another stamp (file-stamp.h), or is open to other users.
 * After a crash of the host this cannot detect all damage: call vq_template_info_is_safe too. */
gboolean vq_template_info_check (const VqTemplateInfo *info, VqPrivateDir *dir, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Whether no crash of the host can have damaged it: it was made since the host booted, or the mark
 * VQ_TEMPLATE_INFO_SYNCED was there when the info was read. Without the mark, parts of the template
 * may be lost, and in a memory file, which has holes anyway, that cannot be seen. */
gboolean vq_template_info_is_safe (const VqTemplateInfo *info);

/* Whether the mark was there when INFO was read, or is there now. */
gboolean vq_template_info_is_synced (const VqTemplateInfo *info);
gboolean vq_template_info_has_mark (VqPrivateDir *dir);

const char *vq_template_info_get_key (const VqTemplateInfo *info);

/* The path of the boot image, to show to people, or "" if the key has none. */
const char *vq_template_info_get_image (const VqTemplateInfo *info);

/* When it was written, in microseconds of real time. */
gint64 vq_template_info_get_created (const VqTemplateInfo *info);

/* How long ago that was, in seconds. If it lies in the future, because the clock has been set back,
 * the result is the time until then. */
gint64 vq_template_info_get_age (const VqTemplateInfo *info);
