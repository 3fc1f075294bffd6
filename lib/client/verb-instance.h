// SPDX-License-Identifier: GPL-2.0-or-later
/* The verbs that change an instance that is there: start, renew, stop, restart, revert, delete; and
 * wait, which waits until one is ready or has stopped. */
#pragma once

#include "verb/verb-error.h"

/* See the member run of VqVerb. */
VqVerbStatus vq_verb_instance_start (const char *const *arguments);
VqVerbStatus vq_verb_instance_renew (const char *const *arguments);
VqVerbStatus vq_verb_instance_stop (const char *const *arguments);
VqVerbStatus vq_verb_instance_restart (const char *const *arguments);
VqVerbStatus vq_verb_instance_revert (const char *const *arguments);
VqVerbStatus vq_verb_instance_delete (const char *const *arguments);
VqVerbStatus vq_verb_instance_wait (const char *const *arguments);

/* The supervisor's process, which virt-qemu starts itself. */
VqVerbStatus vq_verb_instance_supervise (const char *const *arguments);
