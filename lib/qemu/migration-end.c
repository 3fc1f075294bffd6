// SPDX-License-Identifier: GPL-2.0-or-later
#include "qemu/migration-end.h"

#include <string.h>

#include "base/json.h"

/* How often QEMU is asked. */
#define FINAL_MS 5

static gboolean
query_is_final (VqQmp *qmp, gboolean *is_final, gint64 deadline, VqCancel *cancel, GError **error)
{
  g_autoptr (JsonNode) result = NULL;
  const char *status = "";

  if (!vq_qmp_call (qmp, "query-status", NULL, &result, deadline, cancel, error))
    return FALSE;
  if (JSON_NODE_HOLDS_OBJECT (result))
    (void)!vq_json_get_string (json_node_get_object (result), "status", "", &status, NULL);
  *is_final = strcmp (status, "finish-migrate") != 0;
  return TRUE;
}

/* No event tells when that is over. */
gboolean
vq_migration_end_wait (VqQmp *qmp, gint64 deadline, VqCancel *cancel, GError **error)
{
  gboolean is_final = FALSE;

  while (query_is_final (qmp, &is_final, deadline, cancel, error) && !is_final)
    if (!vq_wait_pause (FINAL_MS, cancel, error))
      return FALSE;
  return is_final;
}
