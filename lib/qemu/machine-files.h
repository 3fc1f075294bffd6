// SPDX-License-Identifier: GPL-2.0-or-later
/* The files of one machine: its private directory with the sockets, its disk, the variables of its
 * firmware, its memory. A machine that boots has an overlay on the image. One that will become a
 * template has all files in the template's directory. A fork has a copy-on-write layer on the files
 * of its template. */
#pragma once

#include <glib.h>

#include "qemu/qemu-config.h"
#include "plan/plan.h"
#include "template/template.h"
#include "base/wait.h"

typedef struct _VqMachineFiles VqMachineFiles;

/* Where the plan keeps disks, this file has what the present guest, or the last one, has written to
 * its console. */
#define VQ_MACHINE_FILES_CONSOLE_LOG "console.log"

/* An empty overlay on the template's disk, which each fork copies. A template has this file in
 * addition to those that template.h names. */
#define VQ_TEMPLATE_OVERLAY "overlay"

/* The files of a machine that boots on a new overlay, which is removed with the machine unless the
 * plan keeps disks; then it replaces the one that is there. */
VqMachineFiles *vq_machine_files_new_fresh (const VqPlan *plan, gint64 deadline, VqCancel *cancel,
                                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The files of a machine that boots and will become the template in DIRECTORY: its disk and memory
 * are made there. */
VqMachineFiles *vq_machine_files_new_template (const VqPlan *plan, const char *directory,
                                               gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The files of a fork of the template in DIRECTORY. If the plan keeps disks, its disk replaces the
 * one that is there, and outlives the template. */
VqMachineFiles *vq_machine_files_new_fork (const VqPlan *plan, const char *directory,
                                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The files of a machine that boots again from the disk that an earlier one has kept in the plan's
 * disk_dir. */
VqMachineFiles *vq_machine_files_new_kept (const VqPlan *plan, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The files of a machine that takes over the state of another one, whose plan is the same and whose
 * disk_dir is SOURCE. Its disk is empty until vq_machine_files_copy is called there. Waits for
 * qemu-img until DEADLINE. */
VqMachineFiles *vq_machine_files_new_receiver (const VqPlan *plan, const char *source,
                                               gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Makes sure that a machine that takes over our state finds the template's disks, on which ours
 * lie, and our seed, when it is given the directory of our machine as SOURCE. */
gboolean vq_machine_files_be_source (VqMachineFiles *files, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Copies the disks of a machine that stands still, and the variables of its firmware, over those of
 * the machine that takes over its state, whose disk_dir is TARGET. */
gboolean vq_machine_files_copy (VqMachineFiles *files, const char *target, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Removes the files, except those of a template and those that stay (the plan's disk_dir). */
void vq_machine_files_free (VqMachineFiles *files);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqMachineFiles, vq_machine_files_free)

/* Fills in the paths in MACHINE, which must not outlive FILES. */
void vq_machine_files_fill (VqMachineFiles *files, VqQemuConfig *machine);

/* To be called when QEMU has opened everything: removes the names of large files that are not
 * needed any more, so that they do not stay if we are killed. */
void vq_machine_files_opened (VqMachineFiles *files);

/* The bytes that the machine's disks take on the host's. 0 before vq_machine_files_opened. */
guint64 vq_machine_files_get_disk_space (VqMachineFiles *files);

/* Makes the overlay for forks of the template. FINAL_DIRECTORY is the absolute path that the
 * template will have. Waits for qemu-img until DEADLINE. */
gboolean vq_machine_files_prepare_forks (VqMachineFiles *files, const char *final_directory,
                                         gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Opens the file of the devices' state: a new one to write to where a template is being made, and
 * the template's one to read from in a fork. The caller closes it. Returns -1 on failure. */
int vq_machine_files_open_state (VqMachineFiles *files, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Copies the firmware's variables into the template, to complete it. The machine must have been
 * saved and ended. */
gboolean vq_machine_files_complete_template (VqMachineFiles *files, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Where the seed for cloud-init is, or is to be made: it stays as long as the disk, because
 * cloud-init takes another one for another machine. */
const char *vq_machine_files_get_seed_directory (VqMachineFiles *files);

/* The private directory. */
const char *vq_machine_files_get_directory (VqMachineFiles *files);
