// SPDX-License-Identifier: GPL-2.0-or-later
/* A testbed of autopkgtest on an instance that runs (--instance). The machine is not ours: it goes
 * on when the testbed is closed, and others may use it meanwhile. */
#pragma once

#include "plan/options.h"
#include "testbed/served.h"

typedef struct _VqInstanceTestbed VqInstanceTestbed;

/* OPTIONS have the name of the instance, which is looked for when the testbed is opened. All
 * arguments must outlive the result. */
VqInstanceTestbed *vq_instance_testbed_new (const VqOptions *options, const char *exec_program,
                                            VqCancel *cancel);

/* Removes the scratch directory if the testbed is open. Waits for the guest, some seconds at
 * most. */
void vq_instance_testbed_free (VqInstanceTestbed *testbed);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqInstanceTestbed, vq_instance_testbed_free)

/* For the server. It belongs to TESTBED. */
VqServed *vq_instance_testbed_get_served (VqInstanceTestbed *testbed);
