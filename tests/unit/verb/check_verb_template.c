// SPDX-License-Identifier: GPL-2.0-or-later
/* virt-qemu template, as people start it. */
#include <check.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "suite.h"
#include "template-cache.h"
#include "tree.h"

#define MAX_WORDS 6

static char *program;
static char *out;
static char *err;

static char *
find_program (void)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *here = g_path_get_dirname (self);

  return g_build_filename (here, "..", "virt-qemu", NULL);
}

static void
setup (void)
{
  cache_setup ();
  program = find_program ();
}

static void
teardown (void)
{
  g_clear_pointer (&program, g_free);
  g_clear_pointer (&out, g_free);
  g_clear_pointer (&err, g_free);
  cache_teardown ();
}

/* Starts the program with the verb and WORDS in ENVIRONMENT (NULL: ours) and gives its exit status.
 */
static int
run_with (char **environment, const char *const *words)
{
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  int status;

  g_ptr_array_add (argv, program);
  g_ptr_array_add (argv, (gpointer) "template");
  for (; *words != NULL; words++)
    g_ptr_array_add (argv, (gpointer)*words);
  g_ptr_array_add (argv, NULL);
  g_clear_pointer (&out, g_free);
  g_clear_pointer (&err, g_free);
  ck_assert (g_spawn_sync (NULL, (char **)argv->pdata, environment, 0, NULL, NULL, &out, &err,
                           &status, NULL));
  ck_assert (WIFEXITED (status));
  return WEXITSTATUS (status);
}

/* With the cache of the test. */
static int
run (const char *first, const char *second, const char *third)
{
  g_autofree char *directory = g_strconcat ("--template-dir=", cache_path, NULL);
  const char *const words[] = { directory, first, second, third, NULL };

  return run_with (NULL, words);
}

static void
assert_in (const char *text, const char *part)
{
  ck_assert_msg (strstr (text, part) != NULL, "no '%s' in: %s", part, text);
}

static gboolean
is_there (const char *name)
{
  g_autofree char *path = cache_join ("%s", name);

  return g_access (path, F_OK) == 0;
}

/* The columns of the only line that has IMAGE in it. Transfer full. */
static char **
find_row (const char *image)
{
  g_auto (GStrv) lines = g_strsplit (out, "\n", -1);
  g_autoptr (GRegex) blanks = g_regex_new ("  +", 0, 0, NULL);

  for (char **line = lines; *line != NULL; line++)
    if (g_str_has_suffix (*line, image))
      return g_regex_split (blanks, *line, 0);
  ck_abort_msg ("no %s in: %s", image, out);
}

static void
assert_row (const char *variant, const char *state)
{
  g_autofree char *digest = cache_digest (variant);
  g_autofree char *image = g_strdup_printf ("/images/%s.qcow2", variant);
  g_auto (GStrv) columns = find_row (image);

  ck_assert_uint_eq (g_strv_length (columns), 5);
  ck_assert_uint_eq (strlen (columns[0]), 12);
  ck_assert (g_str_has_prefix (digest, columns[0]));
  ck_assert (g_str_has_suffix (columns[1], " s"));
  ck_assert (g_str_has_suffix (columns[2], " KiB"));
  ck_assert_str_eq (columns[3], state);
}

CASE ("verb-template", setup, teardown, 60)

TEST (empty_cache)
{
  ck_assert_int_eq (run (NULL, NULL, NULL), 0);
  ck_assert_str_eq (out, "");
  assert_in (err, "there are no templates");
  ck_assert_int_eq (run ("clean", NULL, NULL), 0);
  ck_assert_str_eq (out, "removed 0 templates, 0 B\n");
  ck_assert_int_eq (run ("remove", "--unused", NULL), 0);
}

TEST (listed)
{
  g_autoptr (VqTemplate) used = cache_make (cache_store, "a");

  cache_leave (cache_store, "b");
  ck_assert_int_eq (run ("list", NULL, NULL), 0);
  ck_assert_str_eq (err, "");
  ck_assert (g_str_has_prefix (out, "KEY  "));
  assert_row ("a", "in use");
  assert_row ("b", "unused");
  ck_assert_int_eq (run (NULL, NULL, NULL), 0); /* which is the default */
  assert_row ("a", "in use");
  ck_assert (vq_template_check (used, NULL)); /* to look disturbs nobody */
}

TEST (damaged)
{
  g_autofree char *digest = cache_digest ("a");
  g_autofree char *state = cache_join ("%s/state", digest);

  cache_leave (cache_store, "a");
  cache_leave (cache_store, "b");
  ck_assert_int_eq (truncate (state, 0), 0);
  ck_assert_int_eq (run ("list", NULL, NULL), 0);
  assert_row ("a", "damaged");
  assert_row ("b", "unused");
  assert_in (err, "/state has been changed");
}

/* A newer one has taken its place, but it was in use then. */
TEST (expired)
{
  g_autoptr (VqTemplate) used = cache_make (cache_store, "a");
  g_autoptr (VqTemplateBuild) build = cache_begin_build (cache_store, "a", VQ_TEMPLATE_NEW);

  cache_fill (build, "a");
  vq_template_free (vq_template_build_commit (build, NULL));
  g_clear_pointer (&used, vq_template_free);
  ck_assert_int_eq (run ("list", NULL, NULL), 0);
  assert_in (out, "expired");
  assert_in (out, ".2 ");
  assert_in (out, "unused");
  ck_assert_int_eq (run ("clean", NULL, NULL), 0);
  ck_assert (g_str_has_prefix (out, "removed 1 template, "));
}

static JsonArray *
parse_list (JsonParser *parser)
{
  ck_assert_int_eq (run ("list", "--format=json", NULL), 0);
  ck_assert (json_parser_load_from_data (parser, out, -1, NULL));
  return json_node_get_array (json_parser_get_root (parser));
}

TEST (listed_as_json)
{
  static const char *const names[]
      = { "name", "state", "problem", "image", "created", "last_used", "disk_space" };
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (VqTemplate) used = NULL;
  g_autofree char *digest = cache_digest ("a");
  JsonObject *object;

  ck_assert_uint_eq (json_array_get_length (parse_list (parser)), 0);
  ck_assert_str_eq (err, "");
  used = cache_make (cache_store, "a");
  object = json_array_get_object_element (parse_list (parser), 0);
  ck_assert_uint_eq (json_object_get_size (object), G_N_ELEMENTS (names));
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    ck_assert_msg (json_object_has_member (object, names[i]), "no %s in %s", names[i], out);
  ck_assert_str_eq (json_object_get_string_member (object, "name"), digest);
  ck_assert_str_eq (json_object_get_string_member (object, "state"), "in use");
  ck_assert_str_eq (json_object_get_string_member (object, "image"), "/images/a.qcow2");
  ck_assert (json_object_get_null_member (object, "problem"));
  ck_assert_int_gt (json_object_get_int_member (object, "disk_space"), 4095);
  for (gsize i = 4; i < 6; i++)
    {
      const char *text = json_object_get_string_member (object, names[i]);
      g_autoptr (GDateTime) time = g_date_time_new_from_iso8601 (text, NULL);

      ck_assert_msg (time != NULL && g_str_has_suffix (text, "Z"), "%s", text);
      ck_assert_int_lt (llabs (g_date_time_to_unix (time) - g_get_real_time () / G_USEC_PER_SEC),
                        600);
    }
}

TEST (damaged_as_json)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autofree char *digest = cache_digest ("a");
  g_autofree char *info = cache_join ("%s/template.json", digest);
  JsonObject *object;

  cache_leave (cache_store, "a");
  ck_assert_int_eq (truncate (info, 0), 0);
  object = json_array_get_object_element (parse_list (parser), 0);
  ck_assert_str_eq (err, "");
  ck_assert_str_eq (json_object_get_string_member (object, "state"), "damaged");
  ck_assert (json_object_get_null_member (object, "image"));
  ck_assert (json_object_get_null_member (object, "created"));
  assert_in (json_object_get_string_member (object, "problem"), "template.json");
}

static const struct
{
  const char *words[4];
  int status;
  const char *said;
} builds[] = {
  { { "build" }, 2, "no image given" },
  { { "build", "--ram-size=many", "x.img" }, 2, "--ram-size" },
  { { "build", "--template=off", "x.img" }, 2, "with --template=off there is no template" },
  { { "build", "--format=table", "x.img" }, 2, "\"table\" is not names or json" },
  { { "build", "x.img", "--format" }, 2, "option --format: a value is missing" },
  { { "build", "--version", "x.img" }, 2, "--version is not for this verb" },
  { { "build", "/nonexistent.img" }, 3, "cannot make a template: " },
  { { "nonsense" }, 2, "build as the first word" },
};

TEST_LOOP (cannot_build, 0, G_N_ELEMENTS (builds))
{
  ck_assert_int_eq (run_with (NULL, builds[_i].words), builds[_i].status);
  assert_in (err, builds[_i].said);
  ck_assert_str_eq (out, "");
}

TEST (cannot_build_in_json)
{
  static const char *const words[] = { "build", "--format=json", "/nonexistent.img", NULL };

  ck_assert_int_eq (run_with (NULL, words), 3);
  assert_in (out, "\"code\" : \"missing\"");
}

TEST (help_of_build)
{
  static const char *const words[] = { "build", "x.img", "--help", NULL };

  ck_assert_int_eq (run_with (NULL, words), 0);
  ck_assert (g_str_has_prefix (out, "Usage: virt-qemu template build "));
}

TEST (listed_as_names)
{
  g_autofree char *a = cache_digest ("a");
  g_autofree char *line = g_strconcat (a, "\n", NULL);

  ck_assert_int_eq (run ("--format", "names", NULL), 0);
  ck_assert_str_eq (out, "");
  ck_assert_str_eq (err, "");
  cache_leave (cache_store, "a");
  ck_assert_int_eq (run ("--format", "names", NULL), 0);
  ck_assert_str_eq (out, line);
}

/* An error is an object on stdout, too. */
TEST (errors_as_json)
{
  static const char *const usage[] = { "--format=json", "--unused", NULL };
  const char *const missing[] = { "--format=json", "--template-dir=/nonexistent", NULL };

  ck_assert_int_eq (run_with (NULL, usage), 2);
  ck_assert_str_eq (out, "{\n"
                         "  \"error\" : {\n"
                         "    \"code\" : \"usage\",\n"
                         "    \"message\" : \"--unused can only be given to the command remove\",\n"
                         "    \"hint\" : \"Try 'virt-qemu template --help'.\"\n"
                         "  }\n"
                         "}\n");
  assert_in (err, "--unused can only");
  ck_assert_int_eq (run_with (NULL, missing), 3);
  assert_in (out, "\"code\" : \"missing\"");
  assert_in (out, "\"hint\" : null");
}

TEST (hostile_image_name)
{
  g_autoptr (VqTemplateBuild) build
      = cache_begin_build (cache_store, "\x1b[2Jx\ny", VQ_TEMPLATE_ANY);
  g_auto (GStrv) columns = NULL;

  cache_fill (build, "a");
  vq_template_free (vq_template_build_commit (build, NULL));
  ck_assert_int_eq (run ("list", NULL, NULL), 0);
  ck_assert_ptr_null (strchr (out, '\x1b'));
  columns = find_row ("/images/x y.qcow2");
  ck_assert_int_eq (run ("--format=json", NULL, NULL), 0);
  ck_assert_ptr_null (strchr (out, '\x1b'));
  assert_in (out, "\\u001b[2Jx\\ny.qcow2");
}

TEST (removed)
{
  g_autofree char *a = cache_digest ("a");
  g_autofree char *b = cache_digest ("b");
  g_autofree char *start = g_strndup (b, 6);

  cache_leave (cache_store, "a");
  cache_leave (cache_store, "b");
  ck_assert_int_eq (run ("remove", a, NULL), 0);
  ck_assert (!is_there (a));
  ck_assert (is_there (b));
  ck_assert_int_eq (run ("remove", start, NULL), 0);
  ck_assert (!is_there (b));
  ck_assert_str_eq (out, "");
  ck_assert_str_eq (err, "");
}

/* What cannot be removed does not keep the others from going. */
TEST (not_removed)
{
  g_autoptr (VqTemplate) used = cache_make (cache_store, "a");
  g_autofree char *a = cache_digest ("a");
  g_autofree char *b = cache_digest ("b");

  cache_leave (cache_store, "b");
  ck_assert_int_eq (run ("remove", a, b), 4);
  assert_in (err, "is in use");
  ck_assert (is_there (a));
  ck_assert (!is_there (b));
  ck_assert (vq_template_check (used, NULL));
  ck_assert_int_eq (run ("remove", "../../etc", NULL), 3);
  assert_in (err, "there is no template \"../../etc\"");
  ck_assert_int_eq (run ("remove", "", a), 3); /* the first that fails */
  ck_assert (is_there (a));
}

TEST (ambiguous)
{
  g_autofree char *a = cache_digest ("a");
  g_autofree char *start = g_strndup (a, 8);
  g_autofree char *second = g_strconcat (a, ".2", NULL);
  g_autofree char *third = g_strconcat (a, ".3", NULL);
  g_autofree char *other = g_strdup (a);
  const char *const names[] = { second, third, other };

  other[20] = other[20] == '0' ? '1' : '0';
  cache_leave (cache_store, "a");
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = cache_join ("%s", names[i]);

      ck_assert_int_eq (g_mkdir (path, 0700), 0);
    }
  ck_assert_int_eq (run ("remove", start, NULL), 1);
  assert_in (err, "4 templates");
  ck_assert_int_eq (run ("remove", third, NULL), 0);
  ck_assert (!is_there (third));
  ck_assert_int_eq (run ("remove", a, NULL), 0); /* without a number it is the first one */
  ck_assert (!is_there (a));
  ck_assert (is_there (second));
  ck_assert_int_eq (run ("remove", a, NULL), 0); /* or the only one */
  ck_assert (!is_there (second));
  ck_assert (is_there (other));
}

TEST (all_unused)
{
  g_autoptr (VqTemplate) used = cache_make (cache_store, "a");
  g_autofree char *a = cache_digest ("a");

  cache_leave (cache_store, "b");
  cache_leave (cache_store, "c");
  ck_assert_int_eq (run ("remove", "--unused", NULL), 0);
  ck_assert (g_str_has_prefix (out, "removed 2 templates, "));
  assert_in (err, "1 kept");
  cache_assert_names (a, NULL);
  ck_assert_int_eq (run ("remove", "--unused", "--format=json"), 0);
  ck_assert_str_eq (out, "{\n  \"removed\" : 0,\n  \"disk_space\" : 0\n}\n");
}

TEST (cleaned)
{
  g_autofree char *a = cache_digest ("a");
  g_autofree char *state = cache_join ("%s/state", a);
  g_autofree char *garbage = cache_join (".new-%s", a);
  g_autofree char *b = cache_digest ("b");

  cache_leave (cache_store, "a");
  cache_leave (cache_store, "b");
  ck_assert_int_eq (g_mkdir (garbage, 0700), 0);
  ck_assert_int_eq (truncate (state, 0), 0);
  ck_assert_int_eq (run ("clean", "--debug", NULL), 0);
  assert_in (out, "removed 1 template, ");
  assert_in (err, "/state");
  cache_assert_names (b, NULL);
  ck_assert_int_eq (run ("clean", "--template-cache-size=1T", "--template-max-age=0"), 0);
  ck_assert (is_there (b));
}

/* Without --template-dir it is that of the environment; it is not made only to be shown. */
TEST (default_directory)
{
  g_auto (GStrv) environment = g_environ_setenv (g_get_environ (), "XDG_CACHE_HOME", cache_path, 1);
  const char *const none[] = { NULL };
  const char *const clean[] = { "clean", NULL };
  g_autofree char *above = cache_join ("virt-qemu");
  g_autofree char *path = cache_join ("virt-qemu/templates");

  ck_assert_int_eq (run_with (environment, none), 0);
  ck_assert_int_eq (run_with (environment, clean), 0);
  ck_assert (!g_file_test (above, G_FILE_TEST_EXISTS));
  g_clear_pointer (&cache_store, vq_template_store_free);
  cache_store = vq_template_store_open (path, &(VqTemplateLimits){ 0, 0 }, NULL);
  cache_leave (cache_store, "a");
  ck_assert_int_eq (run_with (environment, none), 0);
  assert_row ("a", "unused");
}

TEST (bad_directories)
{
  g_autofree char *file = cache_join ("file");
  g_autofree char *missing = cache_join ("missing");
  const char *const paths[] = { file, missing };

  ck_assert (g_file_set_contents (file, "", -1, NULL));
  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      const char *const words[] = { "--template-dir", paths[i], NULL };

      ck_assert_int_eq (run_with (NULL, words), i == 0 ? 1 : 3);
      assert_in (err, paths[i]);
      ck_assert_str_eq (out, "");
    }
  ck_assert_int_eq (chmod (cache_path, 0777), 0);
  ck_assert_int_eq (run ("clean", NULL, NULL), 1);
  assert_in (err, "chmod go-w");
}

TEST (wrong_command_lines)
{
  static const char *const cases[][MAX_WORDS] = {
    { "lists" },
    { "remove" },
    { "remove", "--unused", "abc" },
    { "--unused" },
    { "list", "--unused" },
    { "clean", "abc" },
    { "list", "abc" },
    { "--template-max-age=x" },
    { "--template-cache-size=5" },
    { "--template-dir" },
    { "--nonsense" },
    { "--version" },
    { "--format=xml" },
    { "clean", "--format=names" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      ck_assert_int_eq (run_with (NULL, cases[i]), 2);
      ck_assert_str_eq (out, "");
      ck_assert (g_str_has_prefix (err, "virt-qemu: error: "));
      assert_in (err, "--help");
    }
}

TEST (help)
{
  static const char *const help[] = { "-h", "--nonsense", NULL };

  ck_assert_int_eq (run_with (NULL, help), 0);
  ck_assert (g_str_has_prefix (out, "Usage: virt-qemu template "));
  ck_assert_str_eq (err, "");
}
