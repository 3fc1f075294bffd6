// SPDX-License-Identifier: GPL-2.0-or-later
/* The files that one machine runs on: its private directory with the sockets, its disk, its
 * firmware's variables, its memory. A fresh machine has an overlay on the image, a template that is
 * being made keeps everything in a directory of its own, and a fork has copies on write of that. */
#pragma once

#include <glib.h>

#include "qemu/qemu-config.h"
#include "plan/plan.h"
#include "template/template.h"
#include "base/wait.h"

typedef struct _VqMachineFiles VqMachineFiles;

/* Besides what template.h names, a template has an empty overlay on its disk, for forks to copy. */
#define VQ_TEMPLATE_OVERLAY "overlay"

/* For a boot on a fresh overlay that goes away with the machine. */
VqMachineFiles *vq_machine_files_new_fresh (const VqPlan *plan, gint64 deadline, VqCancel *cancel,
                                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* For a boot whose disk and memory are made in DIRECTORY, which will be a template. */
VqMachineFiles *vq_machine_files_new_template (const VqPlan *plan, const char *directory,
                                               gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* For a fork of the template in DIRECTORY. */
VqMachineFiles *vq_machine_files_new_fork (const VqPlan *plan, const char *directory,
                                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Removes what is not a template's. */
void vq_machine_files_free (VqMachineFiles *files);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqMachineFiles, vq_machine_files_free)

/* Enters them into MACHINE, which must not outlive them. */
void vq_machine_files_fill (VqMachineFiles *files, VqQemuConfig *machine);

/* QEMU has everything open: names that nobody needs any more go, so that nothing large is left if
 * we are killed. */
void vq_machine_files_opened (VqMachineFiles *files);

/* Makes the overlay for forks of the template, whose disk will be found under the name FINAL_DISK
 * (an absolute path). Waits for qemu-img until DEADLINE at most. */
gboolean vq_machine_files_prepare_forks (VqMachineFiles *files, const char *final_disk,
                                         gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Completes the template, whose machine has been saved and has ended: the firmware's variables. */
gboolean vq_machine_files_complete_template (VqMachineFiles *files, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Whether a template is being made of them. */
gboolean vq_machine_files_is_template (VqMachineFiles *files);

/* The private directory. */
const char *vq_machine_files_get_directory (VqMachineFiles *files);
