// SPDX-License-Identifier: GPL-2.0-or-later
/* Finds the image that the user names, and fetches or builds it if that is an address or a system.
 */
#pragma once

#include "base/wait.h"

/* The path of the image NAME: an http or https address (pull/pull.h; an image that was fetched
 * before will do if the server fails), a file: one, a name of its own for an address
 * (pull/known-image.h) if there is no such file, or any other name (image/image-name.h; ARCH is for
 * a name that has none). Transfer full. Waits as long as the image comes or is built. */
char *vq_pull_image_find (const char *name, const char *arch, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Whether the image NAME is kept in the cache: it is an address, a name for one, or a system, which
 * may mean another image tomorrow. */
gboolean vq_pull_image_is_cached (const char *name);
