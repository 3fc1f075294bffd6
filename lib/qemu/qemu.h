// SPDX-License-Identifier: GPL-2.0-or-later
/* A QEMU process: starts it, watches its monitor and its exit, and ends it. If something goes wrong
 * (QEMU dies, its disk is full, the guest powers off, or panics or resets itself though no boot is
 * expected, or somebody stops the machine), that triggers the machine's cancel with one line that
 * says so, and so ends everything that waits for the guest at once. Such a machine stays failed. */
#pragma once

#include <glib.h>

#include "qemu/boot-watch.h"
#include "qemu/console.h"
#include "qemu/hotplug.h"
#include "qemu/live-migration.h"
#include "qemu/qemu-config.h"
#include "base/wait.h"
#include "qemu/qemu-port.h"

typedef struct _VqQemu VqQemu;

/* Starts QEMU for MACHINE (whose descriptors are filled in here) with the guest stopped, and
 * completes the monitor's handshake. A memory file must exist and be as large as the memory. CANCEL
 * ends the wait; it is also the parent of the result's own cancel, and must outlive the result. */
VqQemu *vq_qemu_start (VqQemuConfig *machine, gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Ends QEMU at once if it still runs. */
void vq_qemu_free (VqQemu *qemu);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqQemu, vq_qemu_free)

/* The machine's cancel, to be given to every wait for the guest. */
VqCancel *vq_qemu_get_cancel (VqQemu *qemu);
VqConsole *vq_qemu_get_console (VqQemu *qemu);

/* The end of what QEMU has written to its stderr, as one line; "" if it has written nothing.
 * Transfer full. */
char *vq_qemu_get_stderr (VqQemu *qemu);

/* Its process; 0 once that has ended. */
GPid vq_qemu_get_pid (VqQemu *qemu);

/* Lets the guest run. */
gboolean vq_qemu_run_guest (VqQemu *qemu, gint64 deadline, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Lets the guest stand still. Fails with VQ_ERROR_MACHINE if it did not run. */
gboolean vq_qemu_stop_guest (VqQemu *qemu, gint64 deadline, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Stops the guest and saves it. The state of its devices is appended to FILE (an open file, the
 * caller's); its memory is in the shared file that it was started with, and its disk in the disk's
 * file. Nothing may be sent to its ports meanwhile. On success these files do not change any more,
 * and only vq_qemu_quit may be called. After a failure vq_qemu_run_guest lets the guest go on, if
 * QEMU still runs. VQ_ERROR_PEER with QEMU's reason if this machine cannot be saved. */
gboolean vq_qemu_save (VqQemu *qemu, int file, gint64 deadline, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Whether this QEMU knows how to open a memory file for reading only (VqQemuConfig.ram_readonly).
 */
gboolean vq_qemu_can_read_ram (VqQemu *qemu, gboolean *can, gint64 deadline, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Loads the state that vq_qemu_save has written to FILE, from its beginning, into a machine that
 * was started as "incoming". It must be the same machine except for the paths of its files.
 * vq_qemu_run_guest then lets the guest go on where it was. */
gboolean vq_qemu_load (VqQemu *qemu, int file, gint64 deadline, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Copies the state of the machine, which goes on afterwards, into the QEMU that listens at SOCKET;
 * STILL is called while it stands still. See vq_live_migration_send. Fails with VQ_ERROR_MACHINE if
 * it did not run. */
gboolean vq_qemu_send (VqQemu *qemu, const char *socket, VqLiveMigrationStill still, gpointer data,
                       gint64 deadline, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Takes over the state of another QEMU's machine, which ASK makes it send to SOCKET, into a machine
 * that was started as "incoming". See vq_live_migration_receive. vq_qemu_run_guest then lets the
 * guest go on. */
gboolean vq_qemu_receive (VqQemu *qemu, const char *socket, VqLiveMigrationAsk ask, gpointer data,
                          gint64 deadline, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* See vq_hotplug_add_nodes, vq_hotplug_add and vq_hotplug_remove. */
gboolean vq_qemu_add_nodes (VqQemu *qemu, const VqDiskNodes *nodes, gint64 deadline, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
gboolean vq_qemu_plug_disk (VqQemu *qemu, const VqHotDisk *disk, gint64 deadline, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
gboolean vq_qemu_unplug_disk (VqQemu *qemu, const char *id, gint64 deadline, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Calls CHANGED whenever the guest opens or closes PORT; OPEN tells which. NULL ends that. */
typedef void (*VqPortChanged) (gboolean open, gpointer data);
void vq_qemu_on_port (VqQemu *qemu, VqQemuPort port, VqPortChanged changed, gpointer data);

/* Resets and panics are reported there. At first a boot is expected. */
VqBootWatch *vq_qemu_get_boots (VqQemu *qemu);

/* A picture of what is on the guest's screen now, as a PNG file. It fails if the machine has no
 * graphics card, or if QEMU is older than 7.1. It works too after the machine has failed, as long
 * as QEMU lives. Only for a machine that was started with --log-dir. */
GBytes *vq_qemu_take_picture (VqQemu *qemu, gint64 deadline, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* When the guest last gave a sign of life, in monotonic time: a byte on its console, or an event of
 * QEMU's monitor. */
gint64 vq_qemu_get_last_sign (VqQemu *qemu);

/* Reports that the helper in the guest has ended because of REASON. The machine has failed then,
 * unless another boot is expected, or its end. */
void vq_qemu_lose_helper (VqQemu *qemu, const GError *reason);

/* Forwards a free port of 127.0.0.1, FIRST or above, to the guest's port 22. QEMU tries to bind the
 * ports one after the other. *PORT is 0 if none of 500 is free. */
gboolean vq_qemu_forward_ssh (VqQemu *qemu, guint first, guint *port, gint64 deadline,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Says that the guest will power off, so that QEMU's exit is not a failure. */
void vq_qemu_expect_end (VqQemu *qemu);
/* Waits for QEMU's exit. */
gboolean vq_qemu_wait_end (VqQemu *qemu, gint64 deadline, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Tells QEMU to end, over the monitor, and does not wait; vq_qemu_quit must follow. */
void vq_qemu_begin_quit (VqQemu *qemu);
/* Ends QEMU with "quit" over the monitor, and with SIGKILL at DEADLINE, which should be near: this
 * is how the machine is cleaned up after a cancel, so nothing ends it earlier. */
void vq_qemu_quit (VqQemu *qemu, gint64 deadline);
