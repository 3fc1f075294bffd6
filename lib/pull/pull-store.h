// SPDX-License-Identifier: GPL-2.0-or-later
/* The last steps of a pull: a file that is complete is unpacked, looked at, and gets its name. */
#pragma once

#include "base/wait.h"
#include "io/private-dir.h"

typedef struct
{
  VqPrivateDir *dir;
  const char *part; /* the name of the complete file, which is on the disk */
  int fd;           /* of it */
  const char *sha256;
  guint64 max_size;  /* bytes, unpacked */
  const char *shown; /* what the progress line calls it */
} VqPullStore;

/* Makes the image, and removes the part; UNPACKED is a name that may be used meanwhile. Returns the
 * image's name. Fails with VQ_ERROR_FAILED if it is no bootable image, or names other files; the
 * part is then gone. Transfer full. Waits as long as unpacking takes. */
char *vq_pull_store_keep (const VqPullStore *store, const char *unpacked, VqCancel *cancel,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Notes that the image FILE is being used now. */
void vq_pull_store_touch (VqPrivateDir *dir, const char *file);
