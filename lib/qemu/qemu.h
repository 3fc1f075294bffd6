// SPDX-License-Identifier: GPL-2.0-or-later
/* A running QEMU: started, watched through its monitor and its exit, ended. What goes wrong in it
 * (it dies, its disk fills up, the guest panics, powers off or resets itself, or somebody stops it)
 * triggers its cancel with one line that says so, and thereby ends at once all that waits for the
 * guest. Such a testbed stays failed. */
#pragma once

#include <glib.h>

#include "qemu/console.h"
#include "qemu/hotplug.h"
#include "qemu/qemu-config.h"
#include "base/wait.h"
#include "qemu/qemu-port.h"

typedef struct _VqQemu VqQemu;

/* Spawns QEMU for MACHINE (its descriptors are filled in here), the guest not yet running, and
 * completes the monitor's handshake. A memory file that is to be shared must not exist: it is made
 * here, and is the caller's then, even if this fails. One that is not shared must be there. CANCEL
 * ends the wait; it is also the parent of the result's own cancel and must outlive it. */
VqQemu *vq_qemu_start (VqQemuConfig *machine, gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Ends QEMU at once if it still runs. */
void vq_qemu_free (VqQemu *qemu);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqQemu, vq_qemu_free)

/* To be given to every wait for the guest. */
VqCancel *vq_qemu_get_cancel (VqQemu *qemu);
VqConsole *vq_qemu_get_console (VqQemu *qemu);

/* Lets the guest run. */
gboolean vq_qemu_run_guest (VqQemu *qemu, gint64 deadline, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Stops the guest and saves it: its device state is appended to FILE (an open file, the caller's),
 * its memory is in the shared file that it was started with, its disks in theirs. Nothing may be
 * sent to its ports meanwhile. On success nothing in these files changes any more, and QEMU is good
 * only for vq_qemu_quit. After a failure vq_qemu_run_guest lets the guest go on, if it still runs
 * at all. VQ_ERROR_PEER if this machine cannot be saved, with QEMU's reason. */
gboolean vq_qemu_save (VqQemu *qemu, int file, gint64 deadline, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Whether this QEMU knows how to open a memory file for reading only (VqQemuConfig.ram_readonly).
 */
gboolean vq_qemu_can_read_ram (VqQemu *qemu, gboolean *can, gint64 deadline, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Gives a machine that was started as "incoming" the state that vq_qemu_save put into FILE, from
 * its beginning. The machine must be the same but for the paths of its files. vq_qemu_run_guest
 * then lets the guest go on where it was. */
gboolean vq_qemu_load (VqQemu *qemu, int file, gint64 deadline, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* See vq_hotplug_add and vq_hotplug_remove. */
gboolean vq_qemu_plug_disk (VqQemu *qemu, const VqHotDisk *disk, gint64 deadline, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
gboolean vq_qemu_unplug_disk (VqQemu *qemu, const char *id, gint64 deadline, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* OPEN tells whether the guest has PORT open; called at every change. NULL ends it. */
typedef void (*VqPortChanged) (gboolean open, gpointer data);
void vq_qemu_on_port (VqQemu *qemu, VqQemuPort port, VqPortChanged changed, gpointer data);

/* While EXPECTED, a guest may reset itself: during boot, and when it was told to reboot. */
void vq_qemu_expect_reset (VqQemu *qemu, gboolean expected);
/* Waits for the first reset since the last vq_qemu_expect_reset (qemu, TRUE). */
gboolean vq_qemu_wait_reset (VqQemu *qemu, gint64 deadline, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Forwards a free port of 127.0.0.1, FIRST or above, to the guest's port 22; QEMU's own bind
 * decides which is free. *PORT is 0 when none of 500 is. */
gboolean vq_qemu_forward_ssh (VqQemu *qemu, guint first, guint *port, gint64 deadline,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Tells that the guest is to power off: its end is then no failure. */
void vq_qemu_expect_end (VqQemu *qemu);
/* Waits for QEMU's exit; FALSE at DEADLINE. */
gboolean vq_qemu_wait_end (VqQemu *qemu, gint64 deadline);
/* Ends QEMU: "quit" over the monitor, SIGKILL at DEADLINE. */
void vq_qemu_quit (VqQemu *qemu, gint64 deadline);
