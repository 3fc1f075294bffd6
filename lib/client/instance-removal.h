// SPDX-License-Identifier: GPL-2.0-or-later
/* Removes instances, for the verbs that do so. */
#pragma once

#include "instance/instance.h"

/* Removes INSTANCE, which does not run; VQ_ERROR_BUSY if it does. It is no error if it is gone. */
gboolean vq_instance_removal_stopped (VqInstance *instance, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Ends it first, at once, if it runs. Waits for its supervisor. */
gboolean vq_instance_removal_force (VqInstance *instance, GError **error) G_GNUC_WARN_UNUSED_RESULT;
