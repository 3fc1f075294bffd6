// SPDX-License-Identifier: GPL-2.0-or-later
/* The lines of files with digests. */
#include "pull/pull-sums.h"

#include <check.h>
#include <string.h>

#include "suite.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"

CASE ("pull-sums", NULL, NULL, 0)

TEST (finds_a_digest)
{
  static const struct
  {
    const char *text;
    char first; /* of the digest; 0: none */
  } cases[] = {
    { A "  disk\n", 'a' },
    { A " *disk\n", 'a' },
    { A "  ./disk", 'a' },
    { "# a comment\n" A "  other\n\n" B "  disk\r\n", 'b' },
    { "SHA256 (disk) = " B "\n", 'b' },
    { "-----BEGIN PGP SIGNED MESSAGE-----\n" A "  disk\n", 'a' },
    { "", 0 },
    { A, 0 },
    { A " ", 0 },
    { A " disk\n", 0 },
    { A "  disk2\n", 0 },
    { A "  x/disk\n", 0 },
    { A "a  disk\n", 0 },
    { "aaaa  disk\n", 0 },
    { A A "  disk\n", 0 },
    { "SHA512 (disk) = " A A "\n", 0 },
    { "SHA256 (disk) = " A "a\n", 0 },
    { "SHA256 (disk) = \n", 0 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *digest = vq_pull_sums_find (cases[i].text, "disk", 64);

      ck_assert_msg ((digest != NULL ? digest[0] : 0) == cases[i].first, "%s", cases[i].text);
      ck_assert (digest == NULL || strlen (digest) == 64);
    }
}

TEST (takes_a_digest)
{
  g_auto (VqPullSums) sums = { 0 };

  ck_assert (vq_pull_sums_take (&sums.sha256, 64, B, NULL));
  ck_assert_int_eq (sums.sha256[0], 'b');
  ck_assert (!vq_pull_sums_take (&sums.sha256, 64, A "a", NULL));
  ck_assert (!vq_pull_sums_take (&sums.sha256, 64, "", NULL));
  ck_assert (!vq_pull_sums_take (&sums.sha512, 128, A, NULL));
  ck_assert_ptr_null (sums.sha512);
}
