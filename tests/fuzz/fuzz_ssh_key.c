// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz.h"
#include "ssh/ssh-key.h"

/* libssh 0.10 forgets some bytes when the base64 of a key ends in its middle. LeakSanitizer asks
 * for this. */
const char *__lsan_default_suppressions (void);

const char *
__lsan_default_suppressions (void)
{
  return "leak:libssh.so\n";
}

FUZZ (ssh_key)
{
  g_autofree char *text = fuzz_text (bytes, n);
  g_autoptr (GError) no_private = NULL, no_public = NULL;
  g_auto (ssh_key) private = vq_ssh_key_parse_private (text, &no_private);
  g_auto (ssh_key) public = vq_ssh_key_parse_public (text, &no_public);

  fuzz_assert_told (private != NULL, &no_private);
  fuzz_assert_told (public != NULL, &no_public);
  if (public != NULL)
    {
      g_autofree char *line = vq_ssh_key_format_public (public, NULL);
      g_auto (ssh_key) again = vq_ssh_key_parse_public (line, NULL);
      g_autofree char *fingerprint = vq_ssh_key_fingerprint (public);

      g_assert (again != NULL && fingerprint != NULL);
    }
}
