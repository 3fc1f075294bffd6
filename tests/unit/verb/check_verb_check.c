// SPDX-License-Identifier: GPL-2.0-or-later
/* virt-qemu check, as people start it. */
#include <check.h>
#include <json-glib/json-glib.h>
#include <string.h>
#include <sys/wait.h>

#include "suite.h"

static const char *const names[]
    = { "qemu",   "qemu-img", "sandbox",   "firmware",  "programs", "helpers", "kvm",
        "nested", "vhost",    "templates", "temporary", "memory",   "limits" };

static char *out;
static char *err;

static void
forget (void)
{
  g_clear_pointer (&out, g_free);
  g_clear_pointer (&err, g_free);
}

CASE ("verb-check", NULL, forget, 60)

/* Runs "virt-qemu check ARGUMENTS" with NAME=VALUE in its environment. */
static int
run (const char *arguments, const char *name, const char *value)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *here = g_path_get_dirname (self);
  g_autofree char *line = g_strdup_printf ("exec %s/../virt-qemu check %s", here, arguments);
  g_auto (GStrv) environment = g_environ_setenv (g_get_environ (), name, value, TRUE);
  const char *const argv[] = { "/bin/sh", "-c", line, NULL };
  int status;

  forget ();
  ck_assert (
      g_spawn_sync (NULL, (char **)argv, environment, 0, NULL, NULL, &out, &err, &status, NULL));
  ck_assert (WIFEXITED (status));
  return WEXITSTATUS (status);
}

TEST (text)
{
  int status = run ("", "LC_ALL", "C");
  g_auto (GStrv) lines = g_strsplit (out, "\n", -1);

  ck_assert_str_eq (err, "");
  ck_assert_int_eq (status, strstr (out, "error  ") != NULL);
  ck_assert_uint_eq (g_strv_length (lines), G_N_ELEMENTS (names) + 1);
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *start = g_strdup_printf ("%s ", names[i]);

      ck_assert_msg (g_str_has_prefix (lines[i] + 9, start), "%s", lines[i]);
    }
  ck_assert_ptr_nonnull (strstr (out, "\nok       programs "));
}

TEST (json)
{
  static const char *const members[] = { "name", "state", "found", "advice", "bytes" };
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonArray *array;

  run ("--format json", "LC_ALL", "C");
  ck_assert (json_parser_load_from_data (parser, out, -1, NULL));
  array = json_node_get_array (json_parser_get_root (parser));
  ck_assert_uint_eq (json_array_get_length (array), G_N_ELEMENTS (names));
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      JsonObject *object = json_array_get_object_element (array, i);

      ck_assert_str_eq (json_object_get_string_member (object, "name"), names[i]);
      ck_assert_uint_eq (json_object_get_size (object), G_N_ELEMENTS (members));
      for (gsize k = 0; k < G_N_ELEMENTS (members); k++)
        ck_assert (json_object_has_member (object, members[k]));
    }
}

/* A host on which no testbed can be opened. */
TEST (not_able)
{
  ck_assert_int_eq (run ("", "PATH", "/nonexistent"), 1);
  ck_assert (g_str_has_prefix (out, "error    qemu       there is no qemu-system-"));
  ck_assert_str_eq (err, "");
  ck_assert_int_eq (run ("", "TMPDIR", "/nonexistent"), 1);
  ck_assert_ptr_nonnull (strstr (out, "\nerror    temporary  set TMPDIR to another directory"));
}

TEST (template_directory)
{
  g_autofree char *expected = g_strdup_printf (" free in %s (", g_get_tmp_dir ());

  run ("--template-dir=${TMPDIR:-/tmp}/nonexistent", "LC_ALL", "C");
  ck_assert_msg (strstr (out, expected) != NULL, "%s", out);
}

TEST (command_lines)
{
  static const struct
  {
    const char *arguments;
    int status;
    const char *out, *err;
  } cases[] = {
    { "--help", 0, "Usage: virt-qemu check ", "" },
    { "--format=xml", 2, "", "virt-qemu: error: option --format: \"xml\" is not text or json\n" },
    { "--help image", 0, "Usage: virt-qemu check ", "" },
    { "nothing", 3, "", "virt-qemu: error: there is no image nothing" },
    { "nothing --format=json", 3, "{\n  \"error\"", "virt-qemu: error: " },
    { "--format=json --nonsense", 2, "{\n  \"error\" : {\n    \"code\" : \"usage\"",
      "virt-qemu: error: " },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      ck_assert_int_eq (run (cases[i].arguments, "LC_ALL", "C"), cases[i].status);
      ck_assert_msg (g_str_has_prefix (out, cases[i].out), "%s", out);
      ck_assert_msg (g_str_has_prefix (err, cases[i].err), "%s", err);
    }
}
