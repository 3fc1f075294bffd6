// SPDX-License-Identifier: GPL-2.0-or-later
/* virt-qemu ssh-config: ssh into instances, with no port and no question about keys. The program
 * ssh starts virt-qemu ssh-proxy, which runs an ssh server for this one connection in the guest.
 * ssh logs in with a key that is made once, and is in the directory of the state; the guest is
 * known by the host key that we have made for it (instance/instance-host-key.h). */
#pragma once

#include "verb/verb-error.h"

/* The verbs that ssh runs, which are not for people: their argument is the name of the host. The
 * second prints a line as in ~/.ssh/known_hosts. */
#define VQ_VERB_SSH_PROXY "ssh-proxy"
#define VQ_VERB_SSH_HOST_KEY "ssh-host-key"

VqVerbStatus vq_verb_ssh_config (const char *const *arguments);
VqVerbStatus vq_verb_ssh_proxy (const char *const *arguments);
VqVerbStatus vq_verb_ssh_host_key (const char *const *arguments);
