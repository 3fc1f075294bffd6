// SPDX-License-Identifier: GPL-2.0-or-later
/* The verbs that make an instance: create, and launch, which starts it, too. */
#pragma once

#include "base/cancel.h"
#include "slot/slot.h"
#include "verb/verb-error.h"

/* See the member run of VqVerb. */
VqVerbStatus vq_verb_launch_run (const char *const *arguments);
VqVerbStatus vq_verb_launch_create (const char *const *arguments);

/* For whom a machine is made (virt-qemu lock). */
typedef struct
{
  const char *owner;
  const char *description; /* NULL: none */
  const char *machine_type;
  const VqSlot *slot; /* the machine runs in it */
} VqVerbLaunchLock;

/* Makes and starts an instance as launch with ARGUMENTS does, but prints nothing, and notes LOCK.
 * Waits until it is ready; if CANCEL is triggered, nothing of it stays. */
gboolean vq_verb_launch_locked (const char *const *arguments, const VqVerbLaunchLock *lock,
                                VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;
