// SPDX-License-Identifier: GPL-2.0-or-later
/* Copies files and trees between the host and a machine, under the names that a user gives. */
#pragma once

#include <glib.h>

#include "channel/channel.h"

typedef struct
{
  const char *const *sources; /* at least one, ends with NULL */
  const char *target;
  gboolean recursive; /* copy directories, too */
  gboolean parents;   /* make the directories above the target */
  const char *owner;  /* in the machine, as for chown; "": root */
  const char *mode;   /* of files in the machine; "": that of a new file */
} VqFileTransfer;

/* Copies the sources, which are the host's, to the target in the machine. If the target ends in "/"
 * or there are several sources, they are put into it under their own names; otherwise it is the
 * name of the copy. A tree is merged into a directory of this name.
 *
 * Waits without a limit, and fails with the reason of CANCEL; VQ_ERROR_USAGE if a source is a
 * directory and should be none, VQ_ERROR_MISSING if it does not exist. A failed copy may leave a
 * part of it. */
gboolean vq_file_transfer_push (VqChannel *channel, const VqFileTransfer *transfer,
                                VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Copies the one source, which is the machine's, to the target on the host. If the target ends in
 * "/" or is a directory, the copy is made in it; otherwise it is the name of the copy. The same
 * holds for waits and errors. */
gboolean vq_file_transfer_pull (VqChannel *channel, const VqFileTransfer *transfer,
                                VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;
