// SPDX-License-Identifier: GPL-2.0-or-later
/* Runs virt-qemu-fetch, which does all that needs to understand what a stranger sends, and shows on
 * the progress line how far it is. */
#pragma once

#include "base/wait.h"

/* What is to be fetched. */
typedef struct
{
  const char *url;
  const char *shown;    /* what the progress line calls it; NULL: no progress line */
  int fd;               /* the open file that gets it */
  guint64 size;         /* bytes that are in it already, if IF_RANGE still holds; else 0 */
  const char *if_range; /* may be NULL if SIZE is 0 */
  const char *etag;     /* fetch nothing if the server's file has this ETag, */
  const char *modified; /* or has not changed since then; may be NULL */
  gboolean sha512;      /* besides SHA-256 */
  guint64 max;          /* bytes */
  gboolean fixed_max;   /* the user has no say in that */
  guint stall;          /* seconds without a sign of life */
} VqFetchRequest;

/* What is known of the file. */
typedef struct
{
  gboolean same;  /* the server has no other file than that of ETAG and MODIFIED */
  char *etag;     /* NULL: the server has not told it */
  char *modified; /* NULL: the same */
  char *sha256;   /* in hexadecimal */
  char *sha512;   /* NULL if it was not asked for */
  guint64 total;  /* its size in bytes; 0: not known yet */
} VqFetchResult;

void vq_fetch_result_clear (VqFetchResult *result);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (VqFetchResult, vq_fetch_result_clear)

/* Called when the file begins to come: etag, modified and total are known. */
typedef void (*VqFetchBegun) (const VqFetchResult *result, gpointer data);

/* Fetches it; *RESULT must be empty. BEGUN may be NULL. The error's code is VQ_ERROR_MISSING if the
 * server has no such file, VQ_ERROR_NO_ROOM if the disk has no room for it, and VQ_ERROR_TIMEOUT if
 * it is larger than the limit or nothing comes. Waits as long as bytes come. */
gboolean vq_fetch_get (const VqFetchRequest *request, VqFetchBegun begun, gpointer data,
                       VqFetchResult *result, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Unpacks the file FROM, of SIZE bytes, into the empty file TO, which may get MAX bytes. The errors
 * are the same. Waits as long as that takes. */
gboolean vq_fetch_unpack (int from, guint64 size, int to, guint64 max, const char *shown,
                          VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;
