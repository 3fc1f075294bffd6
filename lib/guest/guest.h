// SPDX-License-Identifier: GPL-2.0-or-later
/* A virtual machine with a channel into it: its private directory, its QEMU, and its link to the
 * system inside. It is booted, saved, forked, rebooted and ended here; the testbed does the
 * rest. */
#pragma once

#include <glib.h>

#include "channel/channel.h"
#include "disk/disk-nodes.h"
#include "plan/plan.h"
#include "qemu/boot-watch.h"
#include "qemu/live-migration.h"
#include "base/wait.h"

typedef struct _VqGuest VqGuest;

/* How far a failed boot got, which decides what else may be tried. */
typedef enum
{
  VQ_BOOT_NO_QEMU, /* QEMU did not start */
  VQ_BOOT_SILENT,  /* QEMU ran, but the guest wrote nothing to its console */
  VQ_BOOT_SPOKE,
} VqBootStage;

/* Boots PLAN's image on a new overlay, and waits until its system has booted and there is a
 * channel. TEMPLATE may be NULL; otherwise it is an empty directory in which the disk and the
 * memory file are made, so that vq_guest_save can make a template of the guest. PLAN and CANCEL
 * must outlive the result. If this fails, *STAGE is set, and nothing is left behind except in
 * TEMPLATE and where the plan keeps disks. */
VqGuest *vq_guest_boot (const VqPlan *plan, const char *template, gint64 deadline, VqCancel *cancel,
                        VqBootStage *stage, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same from the disk that an earlier guest has left in the plan's disk_dir. */
VqGuest *vq_guest_boot_kept (const VqPlan *plan, gint64 deadline, VqCancel *cancel,
                             VqBootStage *stage, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Fails, with the reason as a phrase, if a guest that was booted with TEMPLATE cannot be saved. Its
 * commands must run through the helper, because only the helper can be reached again in a fork. */
gboolean vq_guest_check_saving (VqGuest *guest, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Whether commands run through the helper. If so, vq_guest_get_boots tells when the system ends,
 * however it ends. */
gboolean vq_guest_has_helper (VqGuest *guest);

/* Gives GUEST the MACHINE_ID and the HOST_KEY (guest-identity.h). Its commands must run through the
 * helper. */
gboolean vq_guest_renew_identity (VqGuest *guest, const char *machine_id, const char *host_key,
                                  gint64 deadline, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Makes what forks of the template need, while the guest goes on. FINAL_DIRECTORY is the absolute
 * path that the template will have. Waits for qemu-img. */
gboolean vq_guest_prepare_forks (VqGuest *guest, const char *final_directory, gint64 deadline,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Saves the machine, which completes the template, and ends it. If this fails, the guest is stopped
 * and still exists. In both cases GUEST must be freed. */
gboolean vq_guest_save (VqGuest *guest, gint64 deadline, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* After a failed vq_guest_save: lets the guest go on. Returns FALSE if that is impossible. */
gboolean vq_guest_go_on (VqGuest *guest, gint64 deadline) G_GNUC_WARN_UNUSED_RESULT;

/* *CAN tells whether forks of GUEST can open the template's memory for reading only. Waits for QEMU
 * until DEADLINE. */
gboolean vq_guest_can_read_ram (VqGuest *guest, gboolean *can, gint64 deadline, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* A new guest in the state in which the template in the directory TEMPLATE was saved. It stands
 * still, and can only be run (vq_guest_run_loaded) or freed. The image and everything in PLAN must
 * be the same as then. RAM_READONLY is what vq_guest_can_read_ram said then. PLAN and CANCEL must
 * outlive the result. */
VqGuest *vq_guest_load (const VqPlan *plan, const char *template, gboolean ram_readonly,
                        gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Lets such a guest run for a moment, until it has run a command, and stand still again. The next
 * time its code and its memory are there at once. */
gboolean vq_guest_warm (VqGuest *guest, gint64 deadline, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Lets such a guest go on, with the present time and fresh random numbers, and waits until it
 * answers. */
gboolean vq_guest_run_loaded (VqGuest *guest, gint64 deadline, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The CANCEL that GUEST was made with becomes its own: it is freed with GUEST. */
void vq_guest_own_cancel (VqGuest *guest, VqCancel *cancel);

/* Copies GUEST, which goes on, into the machine that listens at SOCKET and keeps its disk in the
 * directory TARGET (vq_guest_receive). Fails with a reason if PLAN does not allow that. GUEST has
 * failed if it cannot go on. */
gboolean vq_guest_send (VqGuest *guest, const char *socket, const char *target, gint64 deadline,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* From now on the directory of GUEST can be the SOURCE of one that vq_guest_receive makes. */
gboolean vq_guest_be_source (VqGuest *guest, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A new guest in the state of another one that runs, whose plan is the same and whose disk is kept
 * in the directory SOURCE. ASK makes its owner call vq_guest_send. PLAN, which keeps disks, and
 * CANCEL must outlive the result. */
VqGuest *vq_guest_receive (const VqPlan *plan, const char *source, VqLiveMigrationAsk ask,
                           gpointer data, gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Ends QEMU at once and removes everything. */
void vq_guest_free (VqGuest *guest);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqGuest, vq_guest_free)

/* Begins to end QEMU and does not wait; vq_guest_shut_down waits. */
void vq_guest_begin_end (VqGuest *guest);

/* Ends QEMU in an orderly way. If POWEROFF_SECONDS is not negative, the guest is asked to power off
 * first, and gets so much time, or until the guest's cancel is triggered. GUEST must be freed after
 * that. */
void vq_guest_shut_down (VqGuest *guest, int poweroff_seconds);

/* Asks the guest to power off, and waits until QEMU has ended by itself, so that all is on its
 * disk. Fails with VQ_ERROR_TIMEOUT at DEADLINE. GUEST must be freed after that. */
gboolean vq_guest_power_off (VqGuest *guest, gint64 deadline, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* To be called before the guest is ended: with --log-dir, keeps what it and its system have logged.
 * Waits for the guest, some seconds at most. */
void vq_guest_keep_logs (VqGuest *guest);

/* To be called before the guest can know that it is to reboot, because it may reboot at once. From
 * now on its system may end at any time, which vq_guest_get_boots tells. */
gboolean vq_guest_prepare_reboot (VqGuest *guest, gint64 deadline, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Tells the guest to reboot, unless it will soon do so ITSELF, and waits until it has booted. The
 * old channel is gone then. See vq_get_in_again. */
typedef enum
{
  VQ_REBOOT_TOLD,
  VQ_REBOOT_ITSELF,
} VqRebootKind;
gboolean vq_guest_reboot (VqGuest *guest, VqRebootKind kind, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Tells how the systems in the guest end. */
VqBootWatch *vq_guest_get_boots (VqGuest *guest);

/* Plugs in the plan's late disk INDEX, which has NODES. The guest finds it some time later. */
gboolean vq_guest_plug_late_disk (VqGuest *guest, guint index, const VqDiskNodes *nodes,
                                  gint64 deadline, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Plugs in the first image as a read-only disk with the serial number of a base image. The guest
 * finds it some time later. The plan must have a bus for it. */
gboolean vq_guest_plug_baseimage (VqGuest *guest, gint64 deadline, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Removes that disk, and waits until the guest has released it, or until DEADLINE. */
gboolean vq_guest_unplug_baseimage (VqGuest *guest, gint64 deadline, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The machine's cancel, to be given to every wait for something in the guest. */
VqCancel *vq_guest_get_cancel (VqGuest *guest);

/* The channel, which is a new one after a reboot. */
VqChannel *vq_guest_get_channel (VqGuest *guest);

/* The private directory, which holds the sockets. */
const char *vq_guest_get_directory (VqGuest *guest);

/* The process of its QEMU; 0 once that has ended. */
GPid vq_guest_get_pid (VqGuest *guest);

/* The bytes that its disk takes on the host's. */
guint64 vq_guest_get_disk_space (VqGuest *guest);

/* The port on 127.0.0.1 that is forwarded to the guest's port 22, or 0 if there is none. */
guint vq_guest_get_ssh_port (VqGuest *guest);

/* The last lines of the console, for messages. Transfer full. */
char *vq_guest_describe_console (VqGuest *guest);
