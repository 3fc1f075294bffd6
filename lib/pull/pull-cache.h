// SPDX-License-Identifier: GPL-2.0-or-later
/* The directory of the images that were fetched, which all processes of a user share:
 *
 *   sha256-DIGEST.FORMAT       an image. DIGEST is that of the file as the server has it, which may
 *                              be packed; FORMAT is what QEMU calls the format. It never changes.
 *   sha256-DIGEST.FORMAT.lock  those who use it hold this (image/image-hold.h)
 *   url-HASH.json              what was fetched from an address (VqPullRecord); HASH is the SHA-256
 *                              of the address
 *   url-HASH.part              what has come of a file so far
 *   url-HASH.part.json         which file that is (a VqPullRecord)
 *   url-HASH.new               an image that is being unpacked
 *   url-HASH.lock              who fetches it holds this (io/lock-file.h) */
#pragma once

#include "io/private-dir.h"

typedef struct
{
  char *url;
  char *etag;     /* NULL: the server has not told it */
  char *modified; /* the same */
  char *sha256;   /* of the file as the server has it; NULL: not known yet */
  char *sha512;   /* the same */
  char *file;     /* the name of the image; NULL: not there yet */
  guint64 size;   /* bytes on the server; 0: not known */
  gint64 fetched; /* microseconds of real time */
} VqPullRecord;

VqPullRecord *vq_pull_cache_new_record (const char *url);
void vq_pull_cache_free_record (VqPullRecord *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqPullRecord, vq_pull_cache_free_record)

/* Opens DIRECTORY (NULL: that of image/image-cache.h), which is made if it does not exist. Fails if
 * it belongs to another user, or others can write to it. */
VqPrivateDir *vq_pull_cache_open (const char *directory, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The name "url-HASH" SUFFIX for URL. Transfer full. */
char *vq_pull_cache_get_name (const char *url, const char *suffix);

/* The record in the file NAME; NULL if there is none, or it makes no sense. */
VqPullRecord *vq_pull_cache_read (VqPrivateDir *dir, const char *name);

/* Replaces the record in the file NAME. */
gboolean vq_pull_cache_write (VqPrivateDir *dir, const char *name, const VqPullRecord *record,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Whether the image of RECORD is there. */
gboolean vq_pull_cache_has_image (VqPrivateDir *dir, const VqPullRecord *record);

/* The image with the digest SHA256, or NULL. Transfer full. */
char *vq_pull_cache_find_image (VqPrivateDir *dir, const char *sha256);

/* Removes NAME, if it exists. */
void vq_pull_cache_remove (VqPrivateDir *dir, const char *name);
