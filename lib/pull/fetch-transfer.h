// SPDX-License-Identifier: GPL-2.0-or-later
/* Fetches one file over http or https, with libcurl; runs in virt-qemu-fetch. Redirects are
 * followed, but only to http and https, never from https to http, and not more than ten. */
#pragma once

#include <glib.h>

#include "pull/fetch-output.h"

typedef struct
{
  const char *url;
  guint64 size;             /* so many bytes are in the file already */
  const char *if_range;     /* they are good if this is still the file's ETag or date */
  const char *etag;         /* do not fetch a file that has this ETag, */
  const char *modified;     /* or has not changed since this date; both may be NULL */
  guint64 max;              /* bytes */
  gboolean fixed_max;       /* the user has no say in that */
  guint stall;              /* seconds without a sign of life */
  const char *certificates; /* a PEM file: trusted instead of the system's; may be NULL */
} VqFetchTransfer;

/* Fetches TRANSFER to OUTPUT, which writes to the file FD, and tells how far it is (fetch-wire.h).
 * *SAME is set if the server has no other file. Fails with VQ_ERROR_MISSING if it has none at all,
 * with VQ_ERROR_NO_ROOM if the file does not fit on the disk, and with VQ_ERROR_TIMEOUT if it is
 * larger than the limit, or nothing comes. */
gboolean vq_fetch_transfer_run (const VqFetchTransfer *transfer, VqFetchOutput *output, int fd,
                                gboolean *same, GError **error) G_GNUC_WARN_UNUSED_RESULT;
