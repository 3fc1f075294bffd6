// SPDX-License-Identifier: GPL-2.0-or-later
#include "seed/yaml.h"

#include <check.h>
#include <string.h>

#include "base/error.h"
#include "leaks.h"
#include "suite.h"

static VqYaml *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  VqYaml *yaml = vq_yaml_parse (text, strlen (text), 1, &error);

  ck_assert_msg (yaml != NULL, "%s: %s", text, error != NULL ? error->message : "");
  return yaml;
}

CASE ("yaml", leaks_begin, leaks_assert_none, 60)

TEST (good)
{
  static const char *const empty[] = { "", "\n", "# a comment\n", "---\n...\n" };
  g_autoptr (VqYaml) yaml = parse ("a: 1\nb: [x]\na: 2\n");
  yaml_node_t *root = vq_yaml_get_root (yaml);

  ck_assert_str_eq (vq_yaml_get_text (vq_yaml_find (yaml, root, "a")), "2");
  ck_assert_uint_eq (vq_yaml_get_line (vq_yaml_find (yaml, root, "a")), 3);
  ck_assert_ptr_null (vq_yaml_get_text (vq_yaml_find (yaml, root, "b")));
  ck_assert_ptr_null (vq_yaml_find (yaml, root, "c"));
  for (guint i = 0; i < G_N_ELEMENTS (empty); i++)
    {
      g_autoptr (VqYaml) nothing = parse (empty[i]);
      const yaml_node_t *node = vq_yaml_get_root (nothing);

      ck_assert_msg (node == NULL || i == 3, "%s", empty[i]);
    }
}

TEST (bad)
{
  static const struct
  {
    const char *text;
    const char *beginning;
  } cases[] = {
    { "a: b\n c: d\n", "line 11: mapping values are not allowed" },
    { "a: [\n", "line 11: " },
    { "a: 1\nb:\n\t- c\n", "line 12: found character that cannot start any token" },
    { "a: 1\nb: \001\n", "line 11: control characters are not allowed" },
    { "a: \377\n", "line 10: " },
    { "a: 1\n---\nb: 2\n", "line 12: a second document begins here" },
    { "a: *nobody\n", "line 10: found undefined alias" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      ck_assert_ptr_null (vq_yaml_parse (cases[i].text, strlen (cases[i].text), 10, &error));
      ck_assert (g_error_matches (error, VQ_ERROR, VQ_ERROR_USAGE));
      ck_assert_msg (g_str_has_prefix (error->message, cases[i].beginning), "%s", error->message);
    }
}

/* Whatever a text is made of, it comes back. */
TEST (texts_come_back)
{
  static const char *const texts[] = {
    "",
    "word",
    "yes",
    "5",
    "#!/bin/sh\necho \"$HOME\" 'x'\n",
    "no newline\nat the end",
    "\n\nblank lines\n\n\n",
    "  indented\nnot\n",
    "trailing blank \nx\n",
    "tab\there\n",
    "\r\ncarriage\r\n",
    "next\302\205line\n",
    "\342\200\250 separators\n\342\200\251",
    "\001\177 control\n",
    "\303\251 \360\237\230\200 \357\273\277 wide\n",
    "- looks: like\n- yaml\n...\n---\n",
  };
  g_autoptr (VqYaml) list = vq_yaml_new (YAML_SEQUENCE_NODE);
  g_autoptr (VqYaml) back = NULL;
  g_autofree char *formatted = NULL;
  yaml_node_t *root;

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    vq_yaml_append_text (list, texts[i]);
  formatted = vq_yaml_format (list);
  back = parse (formatted);
  root = vq_yaml_get_root (back);
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    ck_assert_str_eq (
        vq_yaml_get_text (vq_yaml_get_node (back, root->data.sequence.items.start[i])), texts[i]);
}

static char *
copy_all (const char *text, GError **error)
{
  g_autoptr (VqYaml) from = parse (text);
  g_autoptr (VqYaml) to = vq_yaml_new (YAML_SEQUENCE_NODE);

  if (!vq_yaml_append (to, from, vq_yaml_get_root (from), error))
    return NULL;
  return vq_yaml_format (to);
}

/* Quotes and tags decide what a scalar means; an alias becomes what it stands for. */
TEST (copies)
{
  g_autofree char *copied = copy_all (
      "a: &x [yes, \"yes\", 'no', !!str 5]\nb: *x\nc:\n  d: |\n    l\n    m\ne: !!set {f}\n", NULL);

  ck_assert_str_eq (copied, "- a:\n  - yes\n  - \"yes\"\n  - 'no'\n  - 5\n"
                            "  b:\n  - yes\n  - \"yes\"\n  - 'no'\n  - 5\n"
                            "  c:\n    d: |\n      l\n      m\n"
                            "  e: !!set\n    f:\n");
}

/* A file of a few lines that would be a billion nodes, one without an end, and one that is deep. */
TEST (bombs)
{
  g_autoptr (GString) laughs = g_string_new ("- &a0 [x, x]\n");
  g_autofree char *open = g_strnfill (VQ_YAML_MAX_DEPTH + 1, '[');
  g_autofree char *close = g_strnfill (VQ_YAML_MAX_DEPTH + 1, ']');
  g_autofree char *deep = g_strconcat (open, close, NULL);
  const char *texts[] = { NULL, "&a [*a]\n", deep };

  for (int i = 1; i < 40; i++)
    g_string_append_printf (laughs, "- &a%d [*a%d, *a%d]\n", i, i - 1, i - 1);
  texts[0] = laughs->str;
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) error = NULL;

      ck_assert_ptr_null (copy_all (texts[i], &error));
      ck_assert_ptr_nonnull (strstr (error->message, "too much is nested here"));
    }
}
