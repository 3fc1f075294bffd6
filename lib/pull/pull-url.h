// SPDX-License-Identifier: GPL-2.0-or-later
/* The addresses of images. */
#pragma once

#include <glib.h>

/* Whether NAME is an address that begins with http:, https: or file:, and two slashes. */
gboolean vq_pull_url_is (const char *name);

/* Whether it begins with file:. */
gboolean vq_pull_url_is_file (const char *url);

/* Fails with VQ_ERROR_USAGE if URL is no proper address of a file over http or https. */
gboolean vq_pull_url_check (const char *url, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The path that the file: URL means. Fails with VQ_ERROR_USAGE if it is none on this host. Transfer
 * full. */
char *vq_pull_url_get_path (const char *url, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* URL without its password, for people. Transfer full. */
char *vq_pull_url_show (const char *url);

/* The name of the file, without directories; "" if it has none. Transfer full. */
char *vq_pull_url_get_name (const char *url);

/* The URL of the file NAME beside it. Transfer full. */
char *vq_pull_url_get_sibling (const char *url, const char *name);
