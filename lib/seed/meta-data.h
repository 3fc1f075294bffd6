// SPDX-License-Identifier: GPL-2.0-or-later
/* What cloud-init calls meta-data: a mapping in YAML that tells the guest who it is. */
#pragma once

#include <glib.h>

/* Fails with VQ_ERROR_USAGE, and the line, unless PART is a mapping in YAML, or empty. */
gboolean vq_meta_data_check (GBytes *part, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Makes one of PARTS (GBytes, each of them checked): of a key that several have, the last one
 * counts. INSTANCE_ID (may be NULL) becomes its instance-id, by which cloud-init knows whether it
 * has set up this guest already, unless a part has one. Transfer full. */
GBytes *vq_meta_data_merge (const GPtrArray *parts, const char *instance_id, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
