// SPDX-License-Identifier: GPL-2.0-or-later
/* Makes an instance of the machine of a testbed, for --keep-failed. */
#pragma once

#include "testbed/testbed.h"

/* Whether instances can have the name NAME, and the others that vq_instance_keep would try, and
 * whether the program virt-qemu, which looks after them, is installed. */
gboolean vq_instance_keep_check (const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Makes a new instance whose machine is a copy of that of TESTBED, which is open and goes on. Its
 * name is NAME, or NAME-2 and so on if there is one. ARGUMENTS (with NULL at the end) are those of
 * the server's command line, from which PLAN was made. Returns the instance's name (transfer
 * full). Waits for the copy, for a minute or so. */
char *vq_instance_keep (VqTestbed *testbed, const char *name, const VqPlan *plan,
                        const char *const *arguments, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
