// SPDX-License-Identifier: GPL-2.0-or-later
/* The files of a machine's further disks (the plan's disks): for each disk one that the guest
 * writes to, as machine-files has one for what the guest boots from. In a template that file
 * becomes what the forks' files lie on. */
#pragma once

#include "base/wait.h"
#include "plan/plan.h"

/* One disk's files. */
typedef struct
{
  const VqDisk *disk;
  char *path;          /* a qcow2 image: what the guest writes */
  char *template_disk; /* in a fork: what PATH lies on; NULL: PATH lies on the disk's image */
  gboolean stays;      /* when the machine ends */
  int fd;              /* refers to PATH, even when that has no name any more; -1: not yet */
} VqMachineDisk;

/* PLAN's disks (VqMachineDisk), whose files are or will be in DIRECTORY. PLAN must outlive the
 * result. Transfer full. */
GPtrArray *vq_machine_disks_new (const VqPlan *plan, const char *directory);

/* Makes the files, which are empty at first, in place of those that are there. Waits for qemu-img
 * until DEADLINE. */
gboolean vq_machine_disks_create (GPtrArray *disks, gint64 deadline, VqCancel *cancel,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Makes the files of a fork of the template in the directory TEMPLATE. Those that stay outlive
 * it. */
gboolean vq_machine_disks_fork (GPtrArray *disks, const char *template, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Takes the files of an earlier machine. */
void vq_machine_disks_take (GPtrArray *disks);

/* Makes files for what vq_machine_disks_copy copies from the machine whose files are in SOURCE.
 * Waits for qemu-img until DEADLINE. */
gboolean vq_machine_disks_receive (GPtrArray *disks, const char *source, gint64 deadline,
                                   VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Makes sure that vq_machine_disks_receive finds what the disks lie on in DIRECTORY. */
gboolean vq_machine_disks_link (GPtrArray *disks, const char *directory, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Copies the disks of a machine that stands still over those in TARGET, which another machine has
 * open. */
gboolean vq_machine_disks_copy (GPtrArray *disks, const char *target, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Makes what each fork copies, where DISKS are those of a template that is being made and will be
 * in FINAL_DIRECTORY. Waits for qemu-img until DEADLINE. */
gboolean vq_machine_disks_prepare_forks (GPtrArray *disks, const char *final_directory,
                                         gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* To be called when QEMU has opened the files. REMOVE: they need no names any more. */
void vq_machine_disks_opened (GPtrArray *disks, gboolean remove);

/* The bytes that they take on the host's disk. 0 before vq_machine_disks_opened. */
guint64 vq_machine_disks_get_space (GPtrArray *disks);
