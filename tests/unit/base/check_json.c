// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/json.h"

#include <check.h>
#include <string.h>

#include "base/error.h"
#include "suite.h"

static JsonNode *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  JsonNode *node = vq_json_parse_object (text, strlen (text), &error);

  ck_assert_msg (node != NULL, "%s: %s", text, error != NULL ? error->message : "");
  return node;
}

/* The error is one line. */
static void
assert_refused (const char *text, gsize length)
{
  g_autoptr (GError) error = NULL;

  ck_assert_msg (vq_json_parse_object (text, length, &error) == NULL, "taken: %s", text);
  ck_assert (g_error_matches (error, VQ_ERROR, VQ_ERROR_PEER));
  for (const char *p = error->message; *p != '\0'; p++)
    ck_assert_int_ge ((guchar)*p, ' ');
}

CASE ("json", NULL, NULL, 60)

TEST (objects)
{
  static const char *const texts[] = {
    "{}",
    " {\n\"a\" : [1, -2.5e+3, true, false, null]\t}\r\n",
    "{\"\\\"[\": \"]{\\\\\"}",
    "{\"a\": \"/* # ' \xc3\xa4\"}",
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    json_node_unref (parse (texts[i]));
}

TEST (not_objects)
{
  static const char *const texts[] = {
    "",
    "  ",
    "[]",
    "1",
    "null",
    "\"a\"",
    "{",
    "}",
    "{\"a\"}",
    "{\"a\":}",
    "{\"a\": \"\xff\"}",
    "{\"a\": \"\xc3",
    "{'a': 1}",
    "{\"a\": 'b'}",
    "{\"a\": /* b */ 1}",
    "{\"a\": 1} // b",
    "{\"a\": # b\n1}",
    "{\"a\": \"\\ud800\"}",
    "{\"a\": $1}",
    "\x1b[31m{}",
    "{\"a\": \"\\",
    "{]",
    "{\"a\": [}]",
    "{\"a\": \"",
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    assert_refused (texts[i], strlen (texts[i]));
  assert_refused ("{}\0", 3);
  assert_refused ("{\"a\": \"b\0c\"}", 12);
}

/* {"a": [[...]]} with DEPTH levels in all, brackets in strings among them, and AFTER. */
static char *
nested (gsize depth, const char *before)
{
  g_autofree char *open = g_strnfill (depth - 1, '[');
  g_autofree char *close = g_strnfill (depth - 1, ']');

  return g_strdup_printf ("{%s\"[{[{\": %s%s}", before, open, close);
}

TEST (nesting)
{
  for (gsize depth = VQ_JSON_MAX_DEPTH - 1; depth <= VQ_JSON_MAX_DEPTH + 1; depth++)
    {
      g_autofree char *text = nested (depth, "\"b\": [[], {}, [[]]],");
      g_autofree char *whole = g_strdup (text);

      if (depth > VQ_JSON_MAX_DEPTH)
        assert_refused (text, strlen (text));
      else
        json_node_unref (parse (whole));
    }
}

/* Of 1 MiB of small values json-glib would make 42 MiB. */
TEST (many_values)
{
  for (gsize marks = VQ_JSON_MAX_MARKS - 1; marks <= VQ_JSON_MAX_MARKS + 1; marks++)
    {
      g_autoptr (GString) text = g_string_new ("{\",,,[\":[0");

      for (gsize i = 3; i < marks; i++)
        g_string_append (text, ",0");
      g_string_append (text, "]}");
      if (marks > VQ_JSON_MAX_MARKS)
        assert_refused (text->str, text->len);
      else
        json_node_unref (parse (text->str));
    }
}

/* json-glib's parser would overflow the stack, and knows more of quotes and comments than JSON. */
TEST (nesting_that_hides)
{
  static const char *const disguises[] = {
    "", "/*\"*/", "//\"\r", "'\"': 1,", "\"\\\"\": 1,", "\"\\\\\": 1,", "#\"\r", "]]]]]}}}", "`\"`",
  };

  for (guint i = 0; i < G_N_ELEMENTS (disguises); i++)
    {
      g_autofree char *text = nested (400000, disguises[i]);

      assert_refused (text, strlen (text));
    }
}

#define ONE_OF_EACH                                                                                \
  "{\"int\": 5, \"double\": 1.0, \"bool\": true, \"string\": \"t\", \"object\": {\"a\": 1}, "      \
  "\"array\": [1], \"null\": null, \"min\": -9223372036854775808}"

static gboolean
get (JsonObject *object, const char *kind, const char *member, GError **error)
{
  gint64 integer = 7;
  gboolean flag = 7;
  const char *string = "unset";
  JsonObject *inner = object;
  gboolean ok;

  if (g_str_equal (kind, "int"))
    ok = vq_json_get_int (object, member, 3, &integer, error);
  else if (g_str_equal (kind, "bool"))
    ok = vq_json_get_bool (object, member, FALSE, &flag, error);
  else if (g_str_equal (kind, "string"))
    ok = vq_json_get_string (object, member, NULL, &string, error);
  else
    ok = vq_json_get_object (object, member, &inner, error);
  if (!ok) /* then nothing is touched */
    ck_assert (integer == 7 && flag == 7 && g_strcmp0 (string, "unset") == 0 && inner == object);
  return ok;
}

TEST (wrong_types)
{
  static const char *const kinds[] = { "int", "bool", "string", "object" };
  static const char *const members[]
      = { "int", "double", "bool", "string", "object", "array", "null" };
  g_autoptr (JsonNode) node = parse (ONE_OF_EACH);

  for (guint k = 0; k < G_N_ELEMENTS (kinds); k++)
    for (guint m = 0; m < G_N_ELEMENTS (members); m++)
      {
        g_autoptr (GError) error = NULL;
        gboolean ok = get (json_node_get_object (node), kinds[k], members[m], &error);

        ck_assert_msg (ok == g_str_equal (kinds[k], members[m]), "%s as %s", members[m], kinds[k]);
        ck_assert (ok == (error == NULL));
        ck_assert (ok || g_error_matches (error, VQ_ERROR, VQ_ERROR_PEER));
        ck_assert (ok || strstr (error->message, members[m]) != NULL);
      }
}

TEST (values)
{
  g_autoptr (JsonNode) node = parse (ONE_OF_EACH);
  JsonObject *object = json_node_get_object (node);
  gint64 integer;
  gboolean flag;
  const char *string;
  JsonObject *inner;

  ck_assert (vq_json_get_int (object, "min", 0, &integer, NULL));
  ck_assert_int_eq (integer, G_MININT64);
  ck_assert (vq_json_get_bool (object, "bool", FALSE, &flag, NULL));
  ck_assert_int_eq (flag, TRUE);
  ck_assert (vq_json_get_string (object, "string", NULL, &string, NULL));
  ck_assert_str_eq (string, "t");
  ck_assert (vq_json_get_object (object, "object", &inner, NULL));
  ck_assert_uint_eq (json_object_get_size (inner), 1);
}

TEST (fallbacks)
{
  g_autoptr (JsonNode) node = parse ("{}");
  JsonObject *object = json_node_get_object (node);
  gint64 integer = 7;
  gboolean flag = FALSE;
  const char *string = NULL;
  JsonObject *inner = object;

  ck_assert (vq_json_get_int (object, "a", 3, &integer, NULL));
  ck_assert_int_eq (integer, 3);
  ck_assert (vq_json_get_bool (object, "a", TRUE, &flag, NULL));
  ck_assert_int_eq (flag, TRUE);
  ck_assert (vq_json_get_string (object, "a", "other", &string, NULL));
  ck_assert_str_eq (string, "other");
  ck_assert (vq_json_get_string (object, "a", NULL, &string, NULL));
  ck_assert_ptr_null (string);
  ck_assert (vq_json_get_object (object, "a", &inner, NULL));
  ck_assert_ptr_null (inner);
}

TEST (built)
{
  g_autoptr (JsonNode) node
      = vq_json_build ("s", "s", "a\n\"b", "i", "i", G_MAXINT64, "b", "b", FALSE, NULL);
  g_autoptr (JsonNode) empty = vq_json_build (NULL, NULL);
  g_autofree char *text = json_to_string (node, FALSE);
  g_autofree char *nothing = json_to_string (empty, FALSE);

  ck_assert_str_eq (text, "{\"s\":\"a\\n\\\"b\",\"i\":9223372036854775807,\"b\":false}");
  ck_assert_str_eq (nothing, "{}");
}
