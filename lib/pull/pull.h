// SPDX-License-Identifier: GPL-2.0-or-later
/* Fetches disk images into the cache (pull/pull-cache.h). An image gets its name there only when it
 * is complete, its digest is right, it is an image that names no other file, and it is on the disk.
 * What has come of one stays if that is interrupted, and the next pull goes on from there. Of
 * several processes that want the same one, one fetches it, and the others wait for that. */
#pragma once

#include "base/wait.h"

#define VQ_PULL_MAX_SIZE (50 * G_GUINT64_CONSTANT (1073741824))
#define VQ_PULL_STALL 60

typedef enum
{
  VQ_PULL_SUMS_IF_THERE, /* the SHA512SUMS or SHA256SUMS beside the image are used if there are any
                          */
  VQ_PULL_SUMS_NEEDED,   /* they must be there */
  VQ_PULL_SUMS_NEVER,    /* they are not asked for */
} VqPullUseOfSums;

typedef struct
{
  const char *directory; /* of the cache; NULL: the default */
  const char *sha256; /* what the file must have, in lower-case hexadecimal; may be NULL. If one */
  const char *sha512; /* is given, no sums are asked for. */
  VqPullUseOfSums sums;
  const char *keyring;  /* the sums must be signed with a key in this file; may be NULL */
  guint64 max_size;     /* bytes, as it is fetched, and as it is unpacked */
  guint stall;          /* seconds without a sign of the server */
  gboolean old_will_do; /* if the server fails, an image fetched before is good enough */
} VqPullOptions;

#define VQ_PULL_OPTIONS_DEFAULT                                                                    \
  {                                                                                                \
    .max_size = VQ_PULL_MAX_SIZE, .stall = VQ_PULL_STALL                                           \
  }

typedef struct
{
  char *path;       /* of the image */
  char *sha256;     /* of the file as the server has it */
  gboolean fetched; /* it was not there before */
  gboolean checked; /* its digest was compared with one that was given, or lay beside it */
} VqPullResult;

void vq_pull_result_clear (VqPullResult *result);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (VqPullResult, vq_pull_result_clear)

/* Makes sure that the image at URL, as the server has it now, is in the cache. *RESULT must be
 * empty. Fails with VQ_ERROR_MISSING if the server has none, with VQ_ERROR_NO_ROOM if it does not
 * fit on the disk, and with VQ_ERROR_TIMEOUT if it is too large or the server is silent. Waits as
 * long as bytes come, and without a limit for other processes that fetch it. */
gboolean vq_pull_run (const char *url, const VqPullOptions *options, VqPullResult *result,
                      VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;
