// SPDX-License-Identifier: GPL-2.0-or-later
/* A running QEMU: started, watched through its monitor and its exit, ended. What goes wrong in it
 * (it dies, its disk fills up, the guest panics, powers off or resets itself, or somebody stops it)
 * triggers its cancel with one line that says so, and thereby ends at once all that waits for the
 * guest. Such a testbed stays failed. */
#pragma once

#include <glib.h>

#include "console.h"
#include "machine.h"
#include "wait.h"

typedef struct _VqQemu VqQemu;

/* Spawns QEMU for MACHINE (its descriptors are filled in here), the guest not yet running, and
 * completes the monitor's handshake. CANCEL ends the wait; it is also the parent of the result's
 * own cancel and must outlive it. */
VqQemu *vq_qemu_start (VqMachine *machine, gint64 deadline, VqCancel *cancel, GError **error)
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

/* OPEN tells whether the guest has the agent's port open; called at every change. */
typedef void (*VqQemuAgentPort) (gboolean open, gpointer data);
void vq_qemu_on_agent_port (VqQemu *qemu, VqQemuAgentPort changed, gpointer data);

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
