// SPDX-License-Identifier: GPL-2.0-or-later
/* The file slots.conf: what it may say, and what an error names. */
#include "slot/slot-type.h"

#include <check.h>
#include <glib/gstdio.h>
#include <string.h>

#include "base/error.h"
#include "leaks.h"
#include "suite.h"
#include "tree.h"

static char *path;
static char *host_file;
static char *user_file;

static void
setup (void)
{
  leaks_begin ();
  path = g_strdup ("/tmp/vq-test-XXXXXX");
  ck_assert_ptr_nonnull (g_mkdtemp (path));
  host_file = g_build_filename (path, "host.conf", NULL);
  user_file = g_build_filename (path, "user.conf", NULL);
}

static void
teardown (void)
{
  tree_remove (path);
  g_clear_pointer (&host_file, g_free);
  g_clear_pointer (&user_file, g_free);
  g_clear_pointer (&path, g_free);
  leaks_assert_none ();
}

static GPtrArray *
read_texts (const char *host, const char *user, GError **error)
{
  ck_assert (host == NULL || g_file_set_contents (host_file, host, -1, NULL));
  ck_assert (user == NULL || g_file_set_contents (user_file, user, -1, NULL));
  return vq_slot_type_read (host_file, user_file, error);
}

CASE ("slot-type", setup, teardown, 0)

TEST (no_files)
{
  g_autoptr (GPtrArray) types = read_texts (NULL, NULL, NULL);
  g_autoptr (GError) error = NULL;

  ck_assert_ptr_nonnull (types);
  ck_assert_ptr_null (vq_slot_type_find (types, "vps", &error));
  ck_assert (vq_error_is_missing (error));
  ck_assert_ptr_nonnull (strstr (error->message, "/etc/virt-qemu/slots.conf"));
}

TEST (both_files)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) types
      = read_texts ("# for CI\n\n[vps]\ncount=4 \ncpus = 2\nmemory=3.8G\ndisk=100G\n"
                    "extra-disks=4x1.5T\n[group]\n; small\nmachine-type=gpu\ncount=1",
                    "[mine]\ncount=256\nmemory=512M\n", &error);
  const VqSlotType *vps, *gpu, *mine;

  ck_assert_msg (types != NULL, "%s", error != NULL ? error->message : "");
  ck_assert_uint_eq (types->len, 3);
  vps = vq_slot_type_find (types, "vps", NULL);
  gpu = vq_slot_type_find (types, "gpu", NULL);
  mine = vq_slot_type_find (types, "mine", NULL);
  ck_assert (vps->is_shared && vps->count == 4 && vps->cpus == 2 && vps->memory_mib == 3891);
  ck_assert (vps->disk == G_GUINT64_CONSTANT (100) << 30 && vps->n_extra_disks == 4);
  ck_assert (vps->extra_disk_size == G_GUINT64_CONSTANT (1536) << 30);
  ck_assert (gpu->count == 1 && gpu->cpus == 0 && gpu->memory_mib == 0 && gpu->disk == 0);
  ck_assert (!mine->is_shared && mine->count == 256 && mine->memory_mib == 512);
  ck_assert_str_eq (vps->directory, "/run/virt-qemu-slots");
  ck_assert_str_ne (mine->directory, vps->directory);
  ck_assert_ptr_null (vq_slot_type_find (types, "group", &error));
  ck_assert_ptr_nonnull (strstr (error->message, "\"group\"; there are: vps, gpu, mine"));
}

static const struct
{
  const char *text;
  const char *error; /* what is in it, after the file's name */
} bad[] = {
  { "count=4\n", "line 1: a group such as [vps] must come first" },
  { "[vps]\n\ncount=0\n", "line 3: count: " },
  { "[vps]\ncount=257\n", "line 2: count: " },
  { "[vps]\ncount=-1\n", "line 2: count: " },
  { "[vps]\ncount=many\n", "line 2: count: " },
  { "[vps]\ncount=\n", "line 2: count: " },
  { "\n[vps]\ncpus=1\n", "line 2: \"vps\" has no count" },
  { "[vps]\n[gpu]\ncount=1\n", "line 1: \"vps\" has no count" },
  { "[vps]\ncount=1\ncount=1\n", "line 3: count: it is there twice" },
  { "[vps]\ncount=1\n[gpu]\ncount=1\n[vps]\ncount=2\n", "line 5: there is a type \"vps\" already" },
  { "[vps]\ncount=1\n[b]\ncount=1\nmachine-type=vps\n", "line 3: there is a type \"vps\" already" },
  { "[vps]\ncount=1\nram=4G\n", "line 3: ram: there is no such key" },
  { "[vps]\ncount=1\ncpus=0\n", "line 3: cpus: " },
  { "[vps]\ncount=1\nmemory=4\n", "line 3: memory: '4' is not a size" },
  { "[vps]\ncount=1\nmemory=3.G\n", "line 3: memory: '3.G' is not a size" },
  { "[vps]\ncount=1\nmemory=.5G\n", "line 3: memory: '.5G' is not a size" },
  { "[vps]\ncount=1\nmemory=1.2.3G\n", "line 3: memory: '1.2.3G' is not a size" },
  { "[vps]\ncount=1\nmemory=0\n", "line 3: memory: '0' is not a size" },
  { "[vps]\ncount=1\nmemory=16M\n", "line 3: memory: no machine can have a memory of 16M" },
  { "[vps]\ncount=1\ndisk=99999999999T\n", "line 3: disk: '99999999999T' is not a size" },
  { "[vps]\ncount=1\nextra-disks=4x\n", "line 3: extra-disks: '' is not a size" },
  { "[vps]\ncount=1\nextra-disks=x5G\n", "line 3: extra-disks: " },
  { "[vps]\ncount=1\nextra-disks=100G\n", "line 3: extra-disks: '100G' is not a number of disks" },
  { "[vps]\ncount=1\nextra-disks=17x1G\n", "line 3: extra-disks: " },
  { "[vps\ncount=1\n", "line 1: a group is called as in [vps]" },
  { "[]\ncount=1\n", "line 1: \"\" cannot be the name of a type" },
  { "[../vps]\ncount=1\n", "line 1: \"../vps\" cannot be the name of a type" },
  { "[.vps]\ncount=1\n", "line 1: \".vps\" cannot be the name of a type" },
  { "[vps]\ncount=1\nmachine-type=a b\n", "line 3: machine-type: \"a b\" cannot be the name" },
  { "[vps]\ncount=1\nhello\n", "line 3: this is neither [NAME] nor KEY=VALUE" },
  { "[vps]\ncount=1\n# \xff\n", "is not a text" },
};

TEST_LOOP (bad_file, 0, G_N_ELEMENTS (bad))
{
  g_autoptr (GError) error = NULL;

  ck_assert_ptr_null (read_texts (NULL, bad[_i].text, &error));
  ck_assert (g_error_matches (error, VQ_ERROR, VQ_ERROR_USAGE));
  ck_assert (g_str_has_prefix (error->message, user_file));
  ck_assert_msg (strstr (error->message, bad[_i].error) != NULL, "%s", error->message);
}

/* A user cannot have more of what the host shares. */
TEST (type_of_the_host_again)
{
  g_autoptr (GError) error = NULL;

  ck_assert_ptr_null (read_texts ("[vps]\ncount=1\n", "[vps]\ncount=9\n", &error));
  ck_assert_ptr_nonnull (strstr (error->message, "in /etc/virt-qemu/slots.conf"));
}

TEST (not_a_file)
{
  g_autoptr (GError) error = NULL;

  ck_assert_int_eq (g_mkdir (user_file, 0700), 0);
  ck_assert_ptr_null (read_texts (NULL, NULL, &error));
  ck_assert (g_error_matches (error, VQ_ERROR, VQ_ERROR_USAGE));
}
