// SPDX-License-Identifier: GPL-2.0-or-later
/* The file template.json of a template: what made it, when, which files belong to it and how they
 * were then, and what is known of the guest in it. Reading it proves nothing by itself: ask
 * vq_template_info_check and vq_template_info_is_of_this_boot. */
#pragma once

#include <glib.h>

#include "io/private-dir.h"
#include "template/template-key.h"

typedef struct _VqTemplateInfo VqTemplateInfo;

#define VQ_TEMPLATE_INFO_FILE "template.json"

/* The longest file that is read or written, in bytes. */
#define VQ_TEMPLATE_INFO_MAX (1024 * 1024)

/* Of a template that is made now, for KEY. Fails if the host does not tell which boot this is. */
VqTemplateInfo *vq_template_info_new (const VqTemplateKey *key, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* That of the template in DIR. Fails if it is missing, too long, no JSON, or not ours. */
VqTemplateInfo *vq_template_info_read (VqPrivateDir *dir, GError **error) G_GNUC_WARN_UNUSED_RESULT;

void vq_template_info_free (VqTemplateInfo *info);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqTemplateInfo, vq_template_info_free)

/* Records what the file NAME in DIR is now, which it closes to others (mode 0600). Nobody may write
 * to it, or have it mapped to write, from now on. */
gboolean vq_template_info_add_file (VqTemplateInfo *info, VqPrivateDir *dir, const char *name,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean vq_template_info_has_file (const VqTemplateInfo *info, const char *name);

/* Facts about the guest, for those who fork it: any bytes without NUL. */
void vq_template_info_set (VqTemplateInfo *info, const char *name, const char *value);

/* NULL if there is none. It stays INFO's. */
const char *vq_template_info_get (const VqTemplateInfo *info, const char *name);

/* Writes it to DIR, where it must not be yet, with the present time. */
gboolean vq_template_info_write (VqTemplateInfo *info, VqPrivateDir *dir, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Fails if a file in DIR is missing, not what it was (file-stamp.h), or open to others. It proves
 * nothing after a crash of the host: ask vq_template_info_is_of_this_boot. */
gboolean vq_template_info_check (const VqTemplateInfo *info, VqPrivateDir *dir, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Whether the host has not been booted since. Nothing is forced onto the disk when a template is
 * saved: that takes seconds. So what was not there yet when the host went down is lost, and a
 * memory file, which has holes anyway, shows no sign of it. */
gboolean vq_template_info_is_of_this_boot (const VqTemplateInfo *info);

const char *vq_template_info_get_key (const VqTemplateInfo *info);

/* The path of the boot image, for people; "" if the key has none. */
const char *vq_template_info_get_image (const VqTemplateInfo *info);

/* When it was written: microseconds of real time. */
gint64 vq_template_info_get_created (const VqTemplateInfo *info);

/* How long ago that was, in seconds. If it lies in the future (somebody has set the clock): how
 * long it takes until then. */
gint64 vq_template_info_get_age (const VqTemplateInfo *info);
