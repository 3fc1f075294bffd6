// SPDX-License-Identifier: GPL-2.0-or-later
/* One virtual machine with a way into it: its private directory, its QEMU, and what connects
 * us with the system in it. Booted, saved, forked, rebooted, ended; what happens in between is the
 * testbed's.
 */
#pragma once

#include <glib.h>

#include "channel/channel.h"
#include "plan/plan.h"
#include "base/wait.h"

typedef struct _VqGuest VqGuest;

/* How far a boot that failed got: it tells what else may be tried. */
typedef enum
{
  VQ_BOOT_NO_QEMU, /* QEMU did not start */
  VQ_BOOT_SILENT,  /* QEMU ran, but its guest said nothing at all */
  VQ_BOOT_SPOKE,
} VqBootStage;

/* Boots PLAN's image on a new overlay and waits until the system in it is up and a channel is
 * there. With TEMPLATE (may be NULL), an empty directory, its disk and memory are made there, so
 * that vq_guest_save can make a template of it. PLAN and CANCEL must outlive the result. If it
 * fails, *STAGE is set, and nothing is left behind but what is in TEMPLATE. */
VqGuest *vq_guest_boot (const VqPlan *plan, const char *template, gint64 deadline, VqCancel *cancel,
                        VqBootStage *stage, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Fails, with the reason as a phrase, if it cannot be saved even though it was booted with
 * TEMPLATE: its channel must be the helper's, which finds its way in a fork. */
gboolean vq_guest_check_saving (VqGuest *guest, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Makes what forks of the template will need, while the guest runs on. The template will lie in
 * FINAL_DIRECTORY, an absolute path. Waits for qemu-img. */
gboolean vq_guest_prepare_forks (VqGuest *guest, const char *final_directory, gint64 deadline,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Completes the template and ends the machine: then free it. If it fails, the guest still stands as
 * it was stopped, and is to be freed, too. */
gboolean vq_guest_save (VqGuest *guest, gint64 deadline, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* After a failed vq_guest_save: lets the guest run on. FALSE if it cannot any more. */
gboolean vq_guest_go_on (VqGuest *guest, gint64 deadline) G_GNUC_WARN_UNUSED_RESULT;

/* Another guest in the very state that the template in the directory TEMPLATE was saved in, but
 * with the clock of now and fresh random numbers. The image and everything in PLAN must be what
 * they were then. */
VqGuest *vq_guest_fork (const VqPlan *plan, const char *template, gint64 deadline, VqCancel *cancel,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Ends QEMU at once and removes everything. */
void vq_guest_free (VqGuest *guest);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqGuest, vq_guest_free)

/* Ends QEMU in good order; with a POWEROFF_SECONDS that is not negative the guest itself is asked
 * to power off first and gets that long. Then free it. */
void vq_guest_shut_down (VqGuest *guest, int poweroff_seconds);

/* Tells the guest to reboot (unless it does so ITSELF, soon) and waits until it is up again. The
 * old channel is gone then. */
typedef enum
{
  VQ_REBOOT_TOLD,
  VQ_REBOOT_ITSELF,
} VqRebootKind;
gboolean vq_guest_reboot (VqGuest *guest, VqRebootKind kind, gint64 deadline, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Plugs the first image in as a read-only disk with the serial number of a base image; the guest
 * finds it some time later. Only where the plan has a bus for it. */
gboolean vq_guest_plug_baseimage (VqGuest *guest, gint64 deadline, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Takes it out again, and waits until the guest has let go of it, DEADLINE at most. */
gboolean vq_guest_unplug_baseimage (VqGuest *guest, gint64 deadline, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* To be given to every wait for something in the guest. */
VqCancel *vq_guest_get_cancel (VqGuest *guest);

/* The channel; another one after a reboot. */
VqChannel *vq_guest_get_channel (VqGuest *guest);

/* The private directory, where sockets are. */
const char *vq_guest_get_directory (VqGuest *guest);

/* The port on 127.0.0.1 that leads to the guest's ssh, 0 if there is none. */
guint vq_guest_get_ssh_port (VqGuest *guest);

/* The last lines of the console, for messages. Transfer full. */
char *vq_guest_describe_console (VqGuest *guest);
