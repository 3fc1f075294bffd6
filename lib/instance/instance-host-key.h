// SPDX-License-Identifier: GPL-2.0-or-later
/* The host key for ssh of an instance's guest, in the instance's directory. It is made before the
 * guest runs, and stays the same until the instance is removed. */
#pragma once

#include "io/child.h"
#include "io/private-dir.h"

/* The private key and the line "TYPE BASE64". */
#define VQ_INSTANCE_HOST_KEY "host_key"
#define VQ_INSTANCE_HOST_KEY_PUBLIC VQ_INSTANCE_HOST_KEY ".pub"

/* Begins to make the key in the directory DIR if there is none; *CHILD is what does that, NULL if
 * there is one. Does not wait. */
gboolean vq_instance_host_key_start (VqPrivateDir *dir, VqChild **child, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Waits until the key is there, for some milliseconds. CHILD, which may be NULL, is freed. */
gboolean vq_instance_host_key_finish (VqChild *child, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Takes the private key in the file FROM, for an instance that has none yet. Waits in the same way.
 */
gboolean vq_instance_host_key_take (VqPrivateDir *dir, const char *from, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The line of the public key, without a newline; NULL if there is none, because the instance has
 * not run yet. Transfer full. */
char *vq_instance_host_key_read (VqPrivateDir *dir);
