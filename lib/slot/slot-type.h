// SPDX-License-Identifier: GPL-2.0-or-later
/* The types of slots of this host. A slot is the right to run one machine of a certain size, so
 * that those who share a host do not ask more of it than it has. The administrator says in
 * /etc/virt-qemu/slots.conf which types there are; a user can have more types, for himself alone,
 * in $XDG_CONFIG_HOME/virt-qemu/slots.conf:
 *
 *   [vps]
 *   count=4               how many machines; this must be there
 *   cpus=1                what each of them may have at most, and has if nothing else is said
 *   memory=3.8G
 *   disk=100G
 *   extra-disks=4x100G
 *   machine-type=vps      the name of the type, if it is not that of the group
 *
 * Lines that are empty or begin with "#" or ";" say nothing. */
#pragma once

#include <glib.h>

typedef struct
{
  char *name;         /* letters, digits, "-", "_" and "."; at most 64 bytes */
  char *directory;    /* where its slots are (slot-place.h) */
  gboolean is_shared; /* by all users of this host */
  guint count;
  int cpus; /* 0: not said, as the next four */
  int memory_mib;
  guint64 disk; /* bytes */
  guint n_extra_disks;
  guint64 extra_disk_size; /* bytes */
} VqSlotType;

void vq_slot_type_free (VqSlotType *type);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqSlotType, vq_slot_type_free)

/* Reads the types in HOST_FILE, which all users of this host share, and then those in USER_FILE.
 * Either need not exist. Fails with VQ_ERROR_USAGE if something is wrong in one: the error has the
 * file's name and the line. Transfer full, VqSlotType. */
GPtrArray *vq_slot_type_read (const char *host_file, const char *user_file, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The same for the two files of this host and this user. */
GPtrArray *vq_slot_type_read_all (GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The one of TYPES with NAME. If there is none, the error (VQ_ERROR_MISSING) names those that there
 * are. */
const VqSlotType *vq_slot_type_find (GPtrArray *types, const char *name, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
