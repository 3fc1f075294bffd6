// SPDX-License-Identifier: GPL-2.0-or-later
/* virt-qemu ssh-config: ssh into instances, with no port and no question about keys. The program
 * ssh starts virt-qemu ssh-proxy, which runs an ssh server for this one connection in the guest.
 * Both know each other by a key that is made once, and is in the directory of the state. */
#pragma once

#include "verb/verb-error.h"

/* The verb that ssh runs, which is not for people: its argument is the name of the host. */
#define VQ_VERB_SSH_PROXY "ssh-proxy"

VqVerbStatus vq_verb_ssh_config (const char *const *arguments);
VqVerbStatus vq_verb_ssh_proxy (const char *const *arguments);
