// SPDX-License-Identifier: GPL-2.0-or-later
/* The directory in which the slots of a type are: one file for each slot, named by its number, from
 * 1 on; the lock of the queue; and a file for each process that waits. The files of slots and the
 * lock are never removed, so that a lock on one always is a lock on what has the name.
 *
 * The types that the users of a host share are in /run/virt-qemu-slots, which root makes when it
 * first takes a slot, or which a line for tmpfiles.d makes at boot. Only members of its group (kvm)
 * can take slots, and they must trust each other: each could spoil the queue. */
#pragma once

#include "slot/slot-type.h"

/* Opens the directory for TYPE. If CREATE, it is made where it does not exist; otherwise that is
 * VQ_ERROR_MISSING. Fails if the directory belongs to somebody else, or more can write to it than
 * should. Returns -1 on failure. */
int vq_slot_place_open (const VqSlotType *type, gboolean create, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Opens the plain file NAME in the directory PLACE for TYPE, with the flags of open (2): with
 * O_CREAT all who share the type can use it. VQ_ERROR_MISSING if it does not exist. Returns -1 on
 * failure. */
int vq_slot_place_open_file (const VqSlotType *type, int place, const char *name, int flags,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
