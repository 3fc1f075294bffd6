// SPDX-License-Identifier: GPL-2.0-or-later
/* What the commands of downburst do. */
#pragma once

#include "downburst/downburst-request.h"

/* Does what REQUEST, which is not for help, asks for. *OUT (transfer full) is what it prints; NULL:
 * nothing. Errors have the words that downburst's callers look for. Waits as long as the machine
 * takes. */
gboolean vq_downburst_run (const VqDownburstRequest *request, char **out, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
