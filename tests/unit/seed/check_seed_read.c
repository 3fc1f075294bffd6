// SPDX-License-Identifier: GPL-2.0-or-later
#include "seed/seed-read.h"

#include <check.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "io/plain-file.h"
#include "leaks.h"
#include "suite.h"
#include "tree.h"

static char *directory;
static VqSeedRequest request;

static void
set_up (void)
{
  leaks_begin ();
  directory = g_dir_make_tmp ("vq-seed-XXXXXX", NULL);
  ck_assert_int_eq (g_chdir (directory), 0);
  vq_seed_request_init (&request);
}

static void
tear_down (void)
{
  vq_seed_request_clear (&request);
  ck_assert_int_eq (g_chdir ("/"), 0);
  tree_remove (directory);
  g_clear_pointer (&directory, g_free);
  leaks_assert_none ();
}

static void
write_file (const char *name, const char *text)
{
  ck_assert (g_file_set_contents (name, text, -1, NULL));
}

/* NAMES are separated by blanks. */
static void
name_files (char ***list, const char *names)
{
  g_strfreev (*list);
  *list = g_strsplit (names, " ", -1);
}

static char *
get (const VqSeed *seed, const char *name)
{
  GBytes *bytes = vq_seed_get (seed, name);

  ck_assert_ptr_nonnull (bytes);
  return g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
}

static void
assert_fails (const char *message)
{
  g_autoptr (GError) error = NULL;

  ck_assert_ptr_null (vq_seed_read (&request, &error));
  ck_assert_msg (g_str_has_prefix (error->message, message), "%s", error->message);
}

CASE ("seed-read", set_up, tear_down, 60)

TEST (all_kinds)
{
  g_autoptr (VqSeed) seed = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *user_data = NULL;
  g_autofree char *network = NULL;

  write_file ("one", "#!/bin/sh\necho {a} {b} {a.b} {{a}} {} {a\n");
  write_file ("two", "#!/bin/sh\n{x-1}\n");
  write_file ("meta", "local-hostname: \"{a}\"\n");
  write_file ("network", "version: 2\n");
  write_file ("test.sh", "#!/bin/sh\n{a}\n");
  ck_assert_int_eq (g_chmod ("test.sh", 0755), 0);
  name_files (&request.user_data, "one two");
  name_files (&request.meta_data, "meta");
  request.network_config = g_strdup ("network");
  ck_assert (vq_seed_request_add_setting (&request.settings, "a=1{b}=", NULL));
  ck_assert (vq_seed_request_add_setting (&request.settings, "a.b=", NULL));
  ck_assert (vq_seed_request_add_setting (&request.settings, "x-1=two", NULL));
  ck_assert (vq_seed_request_add_file (&request.files, "t=test.sh", NULL));
  seed = vq_seed_read (&request, &error);
  ck_assert_msg (seed != NULL, "%s", error != NULL ? error->message : "");
  user_data = get (seed, "user-data");
  ck_assert_str_eq (user_data, "#cloud-config-archive\n"
                               "- |\n  #!/bin/sh\n  echo 1{b}= {b}  {1{b}=} {} {a\n"
                               "- |\n  #!/bin/sh\n  two\n");
  ck_assert_str_eq (network = get (seed, "network-config"), "version: 2\n");
  g_free (network);
  ck_assert_str_eq (network = get (seed, "meta-data"), "local-hostname: \"1{b}=\"\n");
  g_free (network);
  ck_assert_str_eq (network = get (seed, "t"), "#!/bin/sh\n{a}\n");
  ck_assert (((VqSeedFile *)seed->files->pdata[3])->executable);
  ck_assert (!((VqSeedFile *)seed->files->pdata[0])->executable);
}

static GLogWriterOutput
count_warning (GLogLevelFlags level, const GLogField *fields, gsize n, gpointer data)
{
  for (gsize i = 0; i < n; i++)
    if (g_str_equal (fields[i].key, "MESSAGE") && level == G_LOG_LEVEL_WARNING)
      g_string_append (data, fields[i].value);
  return G_LOG_WRITER_HANDLED;
}

TEST (setting_is_nowhere)
{
  g_autoptr (GString) warnings = g_string_new (NULL);
  g_autoptr (VqSeed) seed = NULL;

  write_file ("one", "#!/bin/sh\n{a}\n");
  name_files (&request.user_data, "one");
  ck_assert (vq_seed_request_add_setting (&request.settings, "a=1", NULL));
  ck_assert (vq_seed_request_add_setting (&request.settings, "b=2", NULL));
  g_log_set_writer_func (count_warning, warnings, NULL);
  seed = vq_seed_read (&request, NULL);
  ck_assert_ptr_nonnull (seed);
  ck_assert_str_eq (warnings->str, "--set b: there is no {b} in the files for cloud-init");
}

TEST (bad_files)
{
  write_file ("empty", "");
  write_file ("bad", "#cloud-config\na: [\n");
  write_file ("good", "#cloud-config\n");
  ck_assert_int_eq (mkfifo ("fifo", 0600), 0);
  write_file ("large", "#!/bin/sh\n");
  ck_assert_int_eq (truncate ("large", VQ_PLAIN_FILE_MAX + 1), 0);
  name_files (&request.user_data, "good none");
  assert_fails ("--user-data none: cannot read it: No such file");
  name_files (&request.user_data, ".");
  assert_fails ("--user-data .: it is not a plain file");
  name_files (&request.user_data, "fifo");
  assert_fails ("--user-data fifo: it is not a plain file");
  name_files (&request.user_data, "empty");
  assert_fails ("--user-data empty: it is empty");
  name_files (&request.user_data, "large");
  assert_fails ("--user-data large: it is larger than 16 MiB");
  name_files (&request.user_data, "good bad");
  assert_fails ("--user-data bad: line 3: ");
  name_files (&request.user_data, "good");
  name_files (&request.meta_data, "good bad");
  assert_fails ("--meta-data bad: line 3: ");
  name_files (&request.meta_data, "good");
  request.network_config = g_strdup ("bad");
  assert_fails ("--network-config bad: line 3: ");
  g_clear_pointer (&request.network_config, g_free);
  name_files (&request.files, "n=large");
  assert_fails ("--cdrom-file n=large: it is larger than 16 MiB");
}

/* What a value brings is checked, too. */
TEST (setting_makes_it_bad)
{
  write_file ("one", "#cloud-config\na: {x}\n");
  name_files (&request.user_data, "one");
  ck_assert (vq_seed_request_add_setting (&request.settings, "x=[", NULL));
  assert_fails ("--user-data one: line 3: ");
}

static const struct
{
  gboolean (*add) (char ***list, const char *pair, GError **error);
  const char *pair;
  const char *message; /* NULL: it is good */
} pairs[] = {
  { vq_seed_request_add_setting, "a=", NULL },
  { vq_seed_request_add_setting, "a_B-1.c==x\n", NULL },
  { vq_seed_request_add_setting, "a", "'a' is not of the form NAME=VALUE" },
  { vq_seed_request_add_setting, "=a", "'=a' is not of the form NAME=VALUE" },
  { vq_seed_request_add_setting, "a b=c", "the name a b has more in it than" },
  { vq_seed_request_add_setting, "twice=c", "the name twice is given twice" },
  { vq_seed_request_add_file, "a b.c=d", NULL },
  { vq_seed_request_add_file, "a", "'a' is not of the form NAME=PATH" },
  { vq_seed_request_add_file, "a=", "'a=' names no file" },
  { vq_seed_request_add_file, "a/b=c", "the name must be plain" },
  { vq_seed_request_add_file, "a\nb=c", "the name must be plain" },
  { vq_seed_request_add_file, "\303\251=c", "the name must be plain" },
  { vq_seed_request_add_file, "..=c", "the name .. has a meaning of its own" },
  { vq_seed_request_add_file, "vendor-data=c", "the name vendor-data has a meaning" },
  { vq_seed_request_add_file, "twice=c", "the name twice is given twice" },
};

TEST_LOOP (named_values, 0, G_N_ELEMENTS (pairs))
{
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) list = g_strsplit ("twice=x", "|", -1);
  gboolean good = pairs[_i].add (&list, pairs[_i].pair, &error);

  ck_assert_msg (good == (pairs[_i].message == NULL), "%s", pairs[_i].pair);
  ck_assert_str_eq (list[good ? 1 : 0], good ? pairs[_i].pair : "twice=x");
  ck_assert_msg (good || g_str_has_prefix (error->message, pairs[_i].message), "%s",
                 good ? "" : error->message);
}

TEST (nothing_to_set)
{
  ck_assert (vq_seed_request_is_empty (&request) && vq_seed_request_check (&request, NULL));
  ck_assert (!vq_seed_request_needs_cloud_init (&request));
  ck_assert (vq_seed_request_add_setting (&request.settings, "a=1", NULL));
  ck_assert (!vq_seed_request_check (&request, NULL));
  ck_assert (vq_seed_request_add_file (&request.files, "a=1", NULL));
  ck_assert (!vq_seed_request_is_empty (&request) && !vq_seed_request_check (&request, NULL));
  ck_assert (!vq_seed_request_needs_cloud_init (&request));
  request.network_config = g_strdup ("x");
  ck_assert (vq_seed_request_needs_cloud_init (&request));
  ck_assert (vq_seed_request_check (&request, NULL));
}
