// SPDX-License-Identifier: GPL-2.0-or-later
/* The testbed, which is closed or open, and what each command of the protocol does with it. The
 * caller checks that a command fits the state (vq_protocol_check_state). */
#pragma once

#include <glib.h>

#include "plan/plan.h"
#include "base/wait.h"
#include "qemu/live-migration.h"
#include "slot/slot.h"
#include "testbed/served.h"

typedef struct _VqTestbed VqTestbed;

/* EXEC_PROGRAM is the path of virt-qemu-exec. EXEC_SOCKET is the path of the socket on which
 * commands are taken while the testbed is open; NULL: one in the machine's directory. All arguments
 * must outlive the result. */
VqTestbed *vq_testbed_new (VqPlan *plan, const char *exec_program, const char *exec_socket,
                           VqCancel *cancel);

/* KEEP is called before the machine of TESTBED ends by vq_testbed_revert or vq_testbed_close, if a
 * test has failed in it (test-command.h). It may wait. */
typedef void (*VqTestbedKeep) (VqTestbed *testbed, gpointer data);
void vq_testbed_on_failed_test (VqTestbed *testbed, VqTestbedKeep keep, gpointer data);

/* What is told of the slot that the testbed has while it is open, if the user wants that (--slot):
 * from now on, if it has one already. The strings of USE must outlive TESTBED. */
void vq_testbed_set_slot_use (VqTestbed *testbed, const VqSlotUse *use);

/* From now on TESTBED, which is closed, has SLOT, and takes none by itself. Takes over SLOT. */
void vq_testbed_give_slot (VqTestbed *testbed, VqSlot *slot);

/* The slot that it has; NULL if it has none. It belongs to TESTBED. */
const VqSlot *vq_testbed_get_slot (VqTestbed *testbed);

/* To be called when another process has taken over the machine with its slot: TESTBED has it no
 * more. */
void vq_testbed_leave_slot (VqTestbed *testbed);

/* Ends the virtual machine if there is one. Does not wait for the guest. */
void vq_testbed_free (VqTestbed *testbed);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqTestbed, vq_testbed_free)

gboolean vq_testbed_is_open (VqTestbed *testbed);

/* For the server. It belongs to TESTBED. */
VqServed *vq_testbed_get_served (VqTestbed *testbed);

/* Forks a template, or boots; before that, waits for a slot if the options say so. A failure leaves
 * the testbed closed. */
gboolean vq_testbed_open (VqTestbed *testbed, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same, but boots the machine again from the disk that it has kept (see plan.h). */
gboolean vq_testbed_open_kept (VqTestbed *testbed, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same, but with the state of another testbed that runs and keeps its disk in the directory
 * SOURCE. ASK makes that one call vq_testbed_send. */
gboolean vq_testbed_receive (VqTestbed *testbed, const char *source, VqLiveMigrationAsk ask,
                             gpointer data, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* From now on the directory of the testbed, which must be open, can be the SOURCE of one that calls
 * vq_testbed_receive. */
gboolean vq_testbed_be_source (VqTestbed *testbed, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Copies the testbed, which goes on, to the one that listens at SOCKET and keeps its disk in the
 * directory TARGET. It must be open. Waits for at most a minute. */
gboolean vq_testbed_send (VqTestbed *testbed, const char *socket, const char *target,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Replaces the machine by a fresh one, in the same slot; the scratch directory keeps its path. Also
 * works if the machine has died. */
gboolean vq_testbed_revert (VqTestbed *testbed, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Reboots the guest, or with PREPARE_ONLY waits until it reboots itself. The contents of the
 * scratch directory are kept. */
gboolean vq_testbed_reboot (VqTestbed *testbed, gboolean prepare_only, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

void vq_testbed_close (VqTestbed *testbed);

/* Closes it, too. The guest may take SECONDS to shut down; -1: it is not asked. */
void vq_testbed_close_within (VqTestbed *testbed, int seconds);

/* Why the open testbed has failed, for example because the guest has powered itself off; NULL if it
 * has not. Belongs to TESTBED. */
const GError *vq_testbed_get_failure (VqTestbed *testbed);

/* The directory with the sockets of the machine; it is another one after each revert. NULL if the
 * testbed is closed. */
const char *vq_testbed_get_directory (VqTestbed *testbed);

/* The process of its QEMU; 0 if the testbed is closed or that has ended. */
GPid vq_testbed_get_pid (VqTestbed *testbed);

/* From now on PATH is the path of the scratch directory. */
void vq_testbed_set_scratch (VqTestbed *testbed, const char *path);
