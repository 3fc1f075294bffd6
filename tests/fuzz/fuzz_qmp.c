// SPDX-License-Identifier: GPL-2.0-or-later
/* A QEMU that says what it wants, and then nothing more. */
#include "base/deadline.h"
#include "fuzz.h"
#include "qemu/qmp.h"

static void
on_event (const char *event, JsonObject *data, gpointer user_data)
{
  g_assert (event != NULL && data != NULL);
}

FUZZ (qmp)
{
  g_autoptr (VqQmp) qmp = vq_qmp_new (fuzz_socket (bytes, n), on_event, NULL);
  g_autoptr (GError) no_handshake = NULL, no_call = NULL;
  g_autoptr (JsonNode) result = NULL;
  g_autofree char *answer = NULL;

  fuzz_assert_told (vq_qmp_handshake (qmp, vq_deadline_in (5), NULL, &no_handshake), &no_handshake);
  (void)!vq_qmp_call (qmp, "query-status", NULL, &result, vq_deadline_in (5), NULL, &no_call);
  (void)!vq_qmp_human (qmp, "info", &answer, vq_deadline_in (5), NULL, NULL);
}
