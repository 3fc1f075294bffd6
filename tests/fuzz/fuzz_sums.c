// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "fuzz.h"
#include "pull/pull-sums.h"

static void
find (const char *text, const char *name, gsize digits)
{
  g_autofree char *digest = vq_pull_sums_find (text, name, digits);

  g_assert (digest == NULL || strlen (digest) == digits);
  g_assert (digest == NULL || strspn (digest, "0123456789abcdef") == digits);
}

FUZZ (sums)
{
  g_autofree char *text = fuzz_text (bytes, n);

  find (text, "image.qcow2", 64);
  find (text, "image.qcow2", 128);
}
