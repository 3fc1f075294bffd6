// SPDX-License-Identifier: GPL-2.0-or-later
/* The copydown and copyup commands of the protocol: a file or a tree into the guest and out of it,
 * through any channel. Either both paths end in "/" (a tree), or neither does (a file); the caller
 * must have checked that. Needs sh, cat, chmod, mkdir, stat, and GNU tar in the guest. Holds only a
 * few blocks in memory. Large holes in files are not copied, and are holes in the copy.
 *
 * Both functions wait until the copy is done. At DEADLINE they fail with VQ_ERROR_TIMEOUT, and with
 * the reason of CANCEL (which may be NULL) when it is triggered; the command in the guest is then
 * killed. If a command in the guest fails, the error is VQ_ERROR_PEER with the end of its stderr;
 * errors on the host are VQ_ERROR_FAILED. Each error is one line that names both paths.
 *
 * What was copied is added to *BYTES, which may be NULL: the length of a plain file, or of the
 * archive that was sent in place of it. */
#pragma once

#include <glib.h>

#include "channel/channel.h"

/* Copies HOST_PATH to GUEST_PATH. A file is made or overwritten, and made executable if anyone may
 * execute the source. A directory is made if it does not exist (its parent must exist); otherwise
 * the tree is merged into it. A failed copy may leave a part in the guest. */
gboolean vq_copy_down (VqChannel *channel, const char *host_path, const char *guest_path,
                       guint64 *bytes, gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Copies GUEST_PATH to HOST_PATH. A file replaces what has its name only when all of it has
 * arrived, even a symlink, which is not followed (see new-file.h). If the copy of a tree fails,
 * what has arrived stays, unless it is only an empty directory. vq_archive_reader_unpack says what
 * a tree may contain. */
gboolean vq_copy_up (VqChannel *channel, const char *guest_path, const char *host_path,
                     guint64 *bytes, gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
