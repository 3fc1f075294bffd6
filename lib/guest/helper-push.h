// SPDX-License-Identifier: GPL-2.0-or-later
/* Brings the guest helper into the guest. A short script, which a way in runs there as root, makes
 * a tmpfs that nobody else sees, reads the helper's program from the port, checks it, and starts it
 * with the port as its connection. */
#pragma once

#include <glib.h>

#include "way/way.h"
#include "helper/helper-port.h"
#include "base/wait.h"

/* Starts PROGRAM, a file on the host, in the guest, and completes the connection of PORT. Fails if
 * the guest's "uname -m" is not MACHINE (NULL: it may be anything). The script is run through
 * ENTRY, which must be open. It gives up after 30 s or so, or at DEADLINE. Then PORT is of no use
 * any more, because some of the program may be under way. */
gboolean vq_helper_push (VqHelperPort *port, VqWay *entry, const char *program, const char *machine,
                         gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
