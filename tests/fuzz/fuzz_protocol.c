// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz.h"
#include "testbed/protocol.h"

/* What we quote, we read again. */
static void
check_round_trip (const VqRequest *request)
{
  const char *const *args = vq_protocol_request_get_args (request);

  for (guint i = 0; args[i] != NULL; i++)
    {
      g_autofree char *quoted = vq_protocol_quote (args[i]);
      g_autofree char *unquoted = vq_protocol_unquote (quoted);

      g_assert_cmpstr (unquoted, ==, args[i]);
    }
  g_assert_cmpuint (vq_protocol_request_get_n_args (request), ==, g_strv_length ((char **)args));
}

FUZZ (protocol)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *line = fuzz_text (bytes, n);
  g_autoptr (VqRequest) request = vq_protocol_request_parse (line, &error);

  fuzz_assert_told (request != NULL, &error);
  if (request != NULL)
    check_round_trip (request);
}
