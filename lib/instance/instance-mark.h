// SPDX-License-Identifier: GPL-2.0-or-later
/* What people note about an instance, while it runs or not: its status and its description. */
#pragma once

#include "instance/instance.h"

/* Changes the record of INSTANCE as WORDS (with NULL at the end) say, and writes it: "status=up" or
 * "status=down", and "description=TEXT". VQ_ERROR_USAGE for other words. */
gboolean vq_instance_mark (VqInstance *instance, const char *const *words, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
