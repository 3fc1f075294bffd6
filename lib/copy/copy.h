// SPDX-License-Identifier: GPL-2.0-or-later
/* The copydown and copyup commands of the protocol: a file or a tree into the guest and out of it,
 * through any channel. Either both paths end in "/" (a tree), or neither does (a file): the caller
 * has checked that. Needs sh, cat, chmod, mkdir, stat, and GNU tar in the guest. Memory stays
 * bounded by a few blocks. The holes of a file that has many are not copied, and are holes again.
 *
 * Both wait, until DEADLINE (then VQ_ERROR_TIMEOUT) or CANCEL (may be NULL; then its reason); the
 * command in the guest is then killed. Errors of the guest's own commands are VQ_ERROR_PEER with
 * the end of their stderr; those of the host VQ_ERROR_FAILED. All are one line that names both
 * paths. */
#pragma once

#include <glib.h>

#include "channel/channel.h"

/* Copies HOST_PATH to GUEST_PATH. A file is made or overwritten, and made executable if the source
 * is so for anyone. A directory is made if it is missing (its parent must be there) and merged
 * into if not. A failed copy may leave a part in the guest. */
gboolean vq_copy_down (VqChannel *channel, const char *host_path, const char *guest_path,
                       gint64 deadline, VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Copies GUEST_PATH to HOST_PATH. A file takes the place of what was there only when all of it has
 * arrived, also of a symlink, which is not followed (see new-file.h). Of a tree, what arrived stays
 * if the copy fails, but no empty directory. What a tree may and may not contain: see
 * vq_archive_reader_unpack. */
gboolean vq_copy_up (VqChannel *channel, const char *guest_path, const char *host_path,
                     gint64 deadline, VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;
