// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/json.h"
#include "fuzz.h"

/* Asks for a member of each type, and then for those below. */
static void
get_all (JsonObject *object)
{
  g_autoptr (GList) members = json_object_get_members (object);

  for (GList *i = members; i != NULL; i = i->next)
    {
      gint64 number;
      gboolean flag;
      const char *text;
      JsonObject *below = NULL;

      (void)!vq_json_get_int (object, i->data, 0, &number, NULL);
      (void)!vq_json_get_bool (object, i->data, FALSE, &flag, NULL);
      (void)!vq_json_get_string (object, i->data, NULL, &text, NULL);
      if (vq_json_get_object (object, i->data, &below, NULL) && below != NULL)
        get_all (below);
    }
}

FUZZ (json)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = vq_json_parse_object ((const char *)bytes, n, &error);

  fuzz_assert_told (node != NULL, &error);
  if (node != NULL)
    get_all (json_node_get_object (node));
}
