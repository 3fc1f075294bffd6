// SPDX-License-Identifier: GPL-2.0-or-later
/* The seed for a cloud image: a small disk, which cloud-init looks for at each boot ("NoCloud"). It
 * lets root in with a key that was made for this testbed, and sets the guest's host key, so that we
 * know whom we talk to.
 * https://cloudinit.readthedocs.io/en/latest/reference/datasources/nocloud.html */
#pragma once

#include "ssh/ssh-login.h"

#define VQ_CLOUD_SEED_IMAGE "cloud-seed.iso"
#define VQ_CLOUD_SEED_KEY "ssh-key"

/* Makes new keys and the seed for them in DIRECTORY, which must be private to us: "cloud-seed.iso",
 * a raw image to be attached read-only as any disk (it holds the guest's host key), and "ssh-key",
 * the private key that gets in (for people: ssh -i). Both have mode 0600; what had these names is
 * replaced. LOGIN, but for its port, is set to what gets in then: root, by key only. Does not
 * wait. */
gboolean vq_cloud_seed_make (const char *directory, VqSshLogin *login, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
