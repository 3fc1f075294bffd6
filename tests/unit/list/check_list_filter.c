// SPDX-License-Identifier: GPL-2.0-or-later
#include "list/list-filter.h"

#include <check.h>
#include <glib/gstdio.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "suite.h"

#define ROW                                                                                        \
  "{\"name\":\"web\",\"owner\":\"ann@host\",\"description\":\"rbd/kernel #71\",\"locked\":true,"   \
  "\"status\":\"up\",\"machine_type\":\"vps\",\"os_type\":\"debian\",\"os_version\":\"12\","       \
  "\"pid\":null,\"disk\":7,\"deep\":{\"a\":1,\"b\":{\"c\":\"d\"}}}"
#define FREE                                                                                       \
  "{\"owner\":null,\"description\":null,\"locked\":false,\"status\":\"down\","                     \
  "\"machine_type\":null,\"os_type\":null,\"os_version\":null}"

CASE ("list-filter", NULL, NULL, 30)

static JsonNode *
parse (const char *text)
{
  JsonNode *node = vq_json_parse_object (text, strlen (text), NULL);

  ck_assert_ptr_nonnull (node);
  return node;
}

static gboolean
matches (const VqListFilter *filter, const char *text)
{
  g_autoptr (JsonNode) row = parse (text);

  return vq_list_filter_matches (filter, json_node_get_object (row));
}

/* What ROW is, and what it is not. FREE has none of these. */
static const struct
{
  const char *option, *yes, *no;
} options[] = {
  { "owner", "ann@host", "ann" },
  { "desc", "rbd/kernel #71", "rbd" },
  { "os-type", "debian", "ubuntu" },
  { "os-version", "12", "1" },
  { "machine-type", "vps", "gpu" },
  { "status", "up", "down" },
  { "locked", "true", "false" },
  { "desc-pattern", "k.*l #[0-9]+$", "^kernel" },
  { "json-query", "{\"name\":\"web\",\"pid\":null}", "{\"name\":\"web\",\"pid\":1}" },
  { "json-query", "{\"deep\":{\"b\":{\"c\":\"d\"}}}", "{\"deep\":{\"b\":{\"c\":\"e\"}}}" },
  { "json-query", "{\"disk\":7}", "{\"disk\":\"7\"}" },
  { "json-query", "{\"deep\":{\"a\":1}}", "{\"deep\":{\"z\":1}}" },
};

TEST_LOOP (one_option, 0, G_N_ELEMENTS (options))
{
  g_auto (VqListFilter) filter = { 0 };

  ck_assert (vq_list_filter_set (&filter, options[_i].option, options[_i].yes, NULL));
  ck_assert (matches (&filter, ROW));
  ck_assert (!matches (&filter, FREE));
  ck_assert (vq_list_filter_set (&filter, options[_i].option, options[_i].no, NULL));
  ck_assert (!matches (&filter, ROW));
}

/* All must hold; and no option is true for everything. */
TEST (several_options)
{
  g_auto (VqListFilter) filter = { 0 };

  ck_assert (matches (&filter, ROW) && matches (&filter, FREE));
  ck_assert (vq_list_filter_set (&filter, "locked", "false", NULL));
  ck_assert (!matches (&filter, ROW) && matches (&filter, FREE));
  ck_assert (vq_list_filter_set (&filter, "status", "up", NULL));
  ck_assert (!matches (&filter, FREE));
}

TEST (query_in_a_file)
{
  g_auto (VqListFilter) filter = { 0 };
  g_autofree char *path = NULL;
  int fd = g_file_open_tmp ("query-XXXXXX", &path, NULL);

  ck_assert (g_close (fd, NULL) && g_file_set_contents (path, "{\"name\":\"web\"}", -1, NULL));
  ck_assert (vq_list_filter_set (&filter, "json-query", path, NULL));
  ck_assert (matches (&filter, ROW) && !matches (&filter, FREE));
  g_unlink (path);
}

static const struct
{
  const char *option, *value, *error;
} bad[] = {
  { "status", "Up", "\"Up\" is not up or down" },
  { "locked", "yes", "\"yes\" is not true or false" },
  { "desc-pattern", "a(", "not a regular expression" },
  { "json-query", "[1]", "neither a JSON object" },
  { "json-query", "{\"a\":", "neither a JSON object" },
};

TEST_LOOP (bad_value, 0, G_N_ELEMENTS (bad))
{
  g_auto (VqListFilter) filter = { 0 };
  g_autoptr (GError) error = NULL;

  ck_assert (!vq_list_filter_set (&filter, bad[_i].option, bad[_i].value, &error));
  ck_assert_int_eq (error->code, VQ_ERROR_USAGE);
  ck_assert_msg (g_str_has_prefix (error->message, bad[_i].error), "%s", error->message);
}
