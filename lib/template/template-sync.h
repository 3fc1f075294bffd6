// SPDX-License-Identifier: GPL-2.0-or-later
/* Makes a template outlive a reboot or a crash of the host: its files are forced onto the disk, and
 * then a mark (VQ_TEMPLATE_INFO_SYNCED) says so. That takes seconds, so another process does it
 * while the template is used already. */
#pragma once

#include "base/wait.h"
#include "template/template.h"

typedef struct _VqTemplateSync VqTemplateSync;

/* Begins after SECONDS, in the main context, unless the mark is there. If it fails, only --debug
 * tells. TEMPLATE must outlive the result. Does not wait. */
VqTemplateSync *vq_template_sync_new (VqTemplate *template, guint seconds);

/* Begins at once, if it has not begun, and waits until the mark is on the disk. */
gboolean vq_template_sync_wait (VqTemplateSync *sync, gint64 deadline, VqCancel *cancel,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* If it is not done, it is given up. */
void vq_template_sync_free (VqTemplateSync *sync);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqTemplateSync, vq_template_sync_free)
