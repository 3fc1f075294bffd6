// SPDX-License-Identifier: GPL-2.0-or-later
/* The seed for a cloud image: a small disk that cloud-init looks for at each boot ("NoCloud"). It
 * lets root log in with a key that was made for this testbed, and sets the guest's host key, so
 * that we can check that we talk to this guest.
 * https://cloudinit.readthedocs.io/en/latest/reference/datasources/nocloud.html */
#pragma once

#include "ssh/ssh-login.h"

#define VQ_CLOUD_SEED_IMAGE "cloud-seed.iso"
#define VQ_CLOUD_SEED_KEY "ssh-key"

/* Makes new keys and a seed with them in DIRECTORY, which must be private to us. "cloud-seed.iso"
 * is a raw image that is attached as a read-only disk; it holds the guest's private host key.
 * "ssh-key" is the private key for logging in, which people can use with ssh -i. Both have mode
 * 0600 and replace existing files. LOGIN, except for its port, is set to log in as root with that
 * key. Does not wait. */
gboolean vq_cloud_seed_make (const char *directory, VqSshLogin *login, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
