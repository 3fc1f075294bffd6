// SPDX-License-Identifier: GPL-2.0-or-later
/* Finds the image that the user names, and fetches it if that is an address. */
#pragma once

#include "base/wait.h"

/* The path of the image NAME: an http or https address (pull/pull.h; an image that was fetched
 * before will do if the server fails), a file: one, or a name (image/image-name.h). Transfer full.
 * Waits as long as the image comes. */
char *vq_pull_image_find (const char *name, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
