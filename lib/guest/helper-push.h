// SPDX-License-Identifier: GPL-2.0-or-later
/* How the guest helper gets into the guest: a short script, run there as root by whoever can, makes
 * a tmpfs that nobody else sees, takes the helper's program from the port, checks it and starts
 * it, with the port as its connection. */
#pragma once

#include <glib.h>

#include "way/way.h"
#include "helper/helper-port.h"
#include "base/wait.h"

/* Starts PROGRAM, a file of ours, in the guest and completes the connection of PORT. The script is
 * run through ENTRY, which must be open. It gives up after some 30 s, if it gets so long. */
gboolean vq_helper_push (VqHelperPort *port, VqWay *entry, const char *program, gint64 deadline,
                         VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;
