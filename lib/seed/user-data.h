// SPDX-License-Identifier: GPL-2.0-or-later
/* What cloud-init calls user-data: a text whose first line says what it is. Checks it before a
 * guest boots with it, and merges several.
 * https://cloudinit.readthedocs.io/en/latest/explanation/format.html */
#pragma once

#include <glib.h>

/* How cloud-init uses user-data that is there and says nothing. */
#define VQ_USER_DATA_NONE "#cloud-config\n{}\n"

/* Unpacks RAW if it is packed with gzip, as cloud-init does; at most MAX bytes may come out.
 * Transfer full. */
GBytes *vq_user_data_unpack (GBytes *raw, gsize max, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Fails with VQ_ERROR_USAGE, and the line, unless cloud-init can use PART: a "#cloud-config" must
 * be a mapping in YAML, a "#cloud-config-archive" a list of texts and of mappings; each text in it
 * that is a cloud-config is checked, too. What is in scripts and MIME messages is not looked at. */
gboolean vq_user_data_check (GBytes *part, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Whether PART, which was checked, sets KEY of cloud-config, or may set it in a way that is not
 * looked at: MIME messages, includes, templates. */
gboolean vq_user_data_may_set (GBytes *part, const char *key);

/* Makes one of PARTS (GBytes, each of them checked): a single one stays as it is. Several become
 * the items of a "#cloud-config-archive"; what cloud-init does not understand in one (MIME
 * messages, includes, what is not in UTF-8) makes it a MIME message of all parts. Transfer full. */
GBytes *vq_user_data_merge (const GPtrArray *parts, GError **error) G_GNUC_WARN_UNUSED_RESULT;
