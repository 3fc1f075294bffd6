// SPDX-License-Identifier: GPL-2.0-or-later
/* The files SHA512SUMS and SHA256SUMS that lie beside images on a server, and their signatures. */
#pragma once

#include "base/wait.h"

/* A digest that a file must have, in lower-case hexadecimal. */
typedef struct
{
  char *sha256; /* NULL: not known */
  char *sha512; /* the same */
} VqPullSums;

void vq_pull_sums_clear (VqPullSums *sums);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (VqPullSums, vq_pull_sums_clear)

/* Sets the digest TEXT, which a user has given, in *DIGEST. It must have DIGITS digits. */
gboolean vq_pull_sums_take (char **digest, gsize digits, const char *text, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The digest of the file NAME, with DIGITS digits, in TEXT, or NULL. Lines are as sha256sum writes
 * them, with and without --tag. Transfer full. */
char *vq_pull_sums_find (const char *text, const char *name, gsize digits);

/* Fetches SHA512SUMS, or else SHA256SUMS, from beside URL, and puts what it says of that file into
 * *SUMS, which stays empty if the server has neither. If KEYRING is not NULL, the signature of the
 * file, beside it as .gpg or .sign, must be one of a key in the file KEYRING (gpgv checks it).
 * Waits for the server; STALL is in seconds. */
gboolean vq_pull_sums_fetch (const char *url, const char *keyring, guint stall, VqPullSums *sums,
                             VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;
