// SPDX-License-Identifier: GPL-2.0-or-later
/* --slot: what a machine gets from the type of its slot, and what it cannot have. */
#include <check.h>
#include <glib/gstdio.h>
#include <string.h>

#include "base/error.h"
#include "disk/disk-spec.h"
#include "plan/options.h"
#include "run/run-request.h"
#include "suite.h"

static char *path;
static char *directory;
static char *file;

/* GLib looks at the variable only once. */
int
suite_prepare (int argc, char **argv)
{
  path = g_strdup ("/tmp/vq-test-XXXXXX");
  g_assert_nonnull (g_mkdtemp (path));
  g_setenv ("XDG_CONFIG_HOME", path, TRUE);
  directory = g_build_filename (path, "virt-qemu", NULL);
  file = g_build_filename (directory, "slots.conf", NULL);
  g_assert_cmpint (g_mkdir (directory, 0700), ==, 0);
  g_assert_true (g_file_set_contents (file,
                                      "[vq-all]\ncount=2\ncpus=2\nmemory=1.5G\ndisk=20G\n"
                                      "extra-disks=2x4G\n[vq-none]\ncount=1\n",
                                      -1, NULL));
  return -1;
}

void
suite_finish (void)
{
  g_unlink (file);
  g_rmdir (directory);
  g_rmdir (path);
  g_free (file);
  g_free (directory);
  g_free (path);
}

static VqOptions *
parse (const char *line, GError **error)
{
  g_autofree char *whole = g_strdup_printf ("virt-qemu %s image", line);
  g_auto (GStrv) words = g_strsplit (whole, " ", -1);
  VqOptions *options;

  return vq_options_parse (g_strv_length (words), (const char *const *)words, &options, error)
                 == VQ_OPTIONS_RUN
             ? options
             : NULL;
}

/* Transfer full. */
static char *
describe (const VqOptions *options)
{
  GString *text = g_string_new (NULL);

  g_string_printf (text, "%d %d %" G_GUINT64_FORMAT "G", options->cpus, options->ram_size_mib,
                   options->disk_size >> 30);
  for (guint i = 0; i < options->disks->len; i++)
    g_string_append_printf (text, " %s:%" G_GUINT64_FORMAT "G",
                            ((VqDiskSpec *)options->disks->pdata[i])->name,
                            vq_disk_spec_get_size (options->disks->pdata[i]) >> 30);
  return g_string_free (text, FALSE);
}

CASE ("slot-choice", NULL, NULL, 0)

static const struct
{
  const char *line;
  const char *expected; /* what describe gives */
  int wait_seconds;
} good[] = {
  { "--slot=vq-all", "2 1536 20G disk1:4G disk2:4G", 0 },
  { "--slot=vq-none:wait=90", "1 2048 0G", 90 },
  { "--slot=vq-none:wait=2h --cpus=8 --ram-size=9000 --disks=1", "8 9000 0G disk1:10G", 7200 },
  { "--cpus=1 --slot=vq-all --ram-size=512 --disk-size=5G --disk=size=1G,name=d", "1 512 5G d:1G",
    0 },
  { "--slot=vq-none --slot=vq-all:wait=0 --disk=size=4G --disk=url=big.qcow2",
    "2 1536 20G disk1:4G disk2:0G", 0 },
};

TEST_LOOP (size, 0, G_N_ELEMENTS (good))
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VqOptions) options = parse (good[_i].line, &error);
  g_autofree char *text = NULL;

  ck_assert_msg (options != NULL, "%s", error != NULL ? error->message : "");
  text = describe (options);
  ck_assert_str_eq (text, good[_i].expected);
  ck_assert_int_eq (options->slot->wait_seconds, good[_i].wait_seconds);
}

static const struct
{
  const char *line;
  const char *error; /* what is in it */
} bad[] = {
  { "--slot=", "no type of slots called \"\"" },
  { "--slot=vq-other", "called \"vq-other\"; there are: " },
  { "--slot=vq-all:", "\":\" is not TYPE or TYPE:wait=SECONDS" },
  { "--slot=vq-all:wait", "\":wait\" is not TYPE" },
  { "--slot=vq-all:wait=", "option --slot" },
  { "--slot=vq-all:wait=soon", "option --slot" },
  { "--slot=vq-all:wait=-1", "option --slot" },
  { "--slot=vq-all --cpus=3", "--cpus=3 is more than a slot of \"vq-all\" has, which is 2" },
  { "--ram-size=1537 --slot=vq-all", "--ram-size=1537 is more than a slot" },
  { "--disk-size=21G --slot=vq-all",
    "--disk-size: 21 GiB are more than a slot of \"vq-all\" has, which is 20 GiB" },
  { "--slot=vq-all --disks=1", "disk1: 10 GiB are more than a slot of \"vq-all\" has" },
  { "--slot=vq-all --disk=size=1G --disk=size=1G --disk=size=1G", "3 further disks are more" },
};

TEST_LOOP (too_much, 0, G_N_ELEMENTS (bad))
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VqOptions) options = parse (bad[_i].line, &error);

  ck_assert_ptr_null (options);
  ck_assert_msg (strstr (error->message, bad[_i].error) != NULL, "%s", error->message);
}

/* The memory and the disks that "virt-qemu run" gives a machine are not more than its slot has. */
TEST (defaults_of_run)
{
  const char *const all[] = { "--slot=vq-all", "test.sh", NULL };
  const char *const none[] = { "--slot=vq-none", "test.sh", NULL };
  g_auto (VqRunRequest) first = { 0 }, second = { 0 };
  g_autofree char *text = NULL;

  ck_assert (vq_run_request_parse (&first, all, NULL));
  text = describe (first.options);
  ck_assert_str_eq (text, "2 1536 20G disk1:4G disk2:4G");
  ck_assert (vq_run_request_parse (&second, none, NULL));
  ck_assert_int_eq (second.options->ram_size_mib, 4096);
  ck_assert_uint_gt (second.options->disks->len, 0);
}
