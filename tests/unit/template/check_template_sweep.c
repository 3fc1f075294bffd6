// SPDX-License-Identifier: GPL-2.0-or-later
/* What goes from the cache, and in which order. */
#include "template/template-sweep.h"

#include <check.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "messages.h"
#include "suite.h"
#include "template-cache.h"
#include "tree.h"
#include "template/template-entry.h"
#include "io/use-lock.h"

#define MIB (1 << 20)

static const VqTemplateLimits no_limits = { 0, 0 };

static VqPrivateDir *cache;

static void
setup (void)
{
  cache_setup ();
  cache = vq_private_dir_open (cache_path, VQ_PRIVATE_DIR_EXISTING, NULL);
}

static void
teardown (void)
{
  g_clear_pointer (&cache, vq_private_dir_free);
  cache_teardown ();
}

/* Makes an unused template for VARIANT that takes about MIBS on the disk and was last used SECONDS
 * after the epoch. */
static void
leave (const char *variant, int mibs, int seconds)
{
  g_autoptr (VqTemplateBuild) build = cache_begin_build (cache_store, variant, VQ_TEMPLATE_ANY);
  g_autofree char *digest = cache_digest (variant);
  g_autofree char *lock = cache_join ("%s/lock", digest);
  g_autofree char *disk
      = g_build_filename (vq_template_build_get_directory (build), VQ_TEMPLATE_DISK, NULL);
  g_autofree char *text = g_strnfill (mibs * MIB + 1, 'x');
  struct timespec times[2] = { { seconds, 0 }, { seconds, 0 } };

  cache_fill (build, variant);
  ck_assert (g_file_set_contents (disk, text, -1, NULL));
  vq_template_free (vq_template_build_commit (build, NULL));
  ck_assert_int_eq (utimensat (AT_FDCWD, lock, times, 0), 0);
}

static gboolean
is_there (const char *variant)
{
  g_autofree char *digest = cache_digest (variant);

  return tree_has (cache, digest);
}

/* Fails the test unless of the variants a, b, c, d those in LEFT are there. */
static void
assert_left (const char *left)
{
  for (const char *all = "abcd"; *all != '\0'; all++)
    {
      const char variant[] = { *all, '\0' };

      ck_assert_msg (is_there (variant) == (strchr (left, *all) != NULL), "%s of %s", variant,
                     left);
    }
}

static VqTemplateSwept
sweep (guint64 max_age, guint64 max_size)
{
  const VqTemplateLimits limits = { max_age, max_size };
  VqTemplateSwept swept;

  vq_template_sweep (cache, &limits, &swept);
  return swept;
}

CASE ("template-sweep", setup, teardown, 60)

TEST (nothing_to_do)
{
  leave ("a", 1, 1);
  ck_assert_uint_eq (sweep (1000, 0).n_templates, 0);
  ck_assert_uint_eq (sweep (1000, 2 * MIB).n_templates, 0);
  assert_left ("a");
}

/* Not those that were made first, but those that were not used for the longest time. */
TEST (least_recently_used_first)
{
  VqTemplateSwept swept;

  leave ("a", 1, 300);
  leave ("b", 1, 100);
  leave ("c", 1, 400);
  leave ("d", 1, 200);
  swept = sweep (0, 3 * MIB);
  assert_left ("ac");
  ck_assert_uint_eq (swept.n_templates, 2);
  ck_assert_uint_ge (swept.bytes, 2 * MIB);
  ck_assert_uint_lt (swept.bytes, 3 * MIB);
  sweep (0, 1);
  assert_left ("");
}

/* Blocks on disk count, not what ls shows: each memory file has 64 MiB, nearly all of them holes.
 */
TEST (holes_take_nothing)
{
  leave ("a", 1, 1);
  leave ("b", 1, 2);
  sweep (0, 4 * MIB);
  assert_left ("ab");
}

/* They count, but stay; those that go in their place may be newer. */
TEST (used_ones_stay)
{
  VqTemplate *used;

  leave ("a", 2, 1);
  leave ("b", 1, 2);
  leave ("c", 1, 3);
  used = cache_find (cache_store, "a"); /* which is its last use */
  ck_assert_uint_eq (sweep (0, 7 * MIB / 2).n_templates, 1);
  assert_left ("ac");
  ck_assert_uint_eq (sweep (0, 1).n_templates, 1);
  assert_left ("a");
  ck_assert (vq_template_check (used, NULL));
  vq_template_free (used);
  sweep (0, 1);
  assert_left ("");
}

static void
set_created (const char *variant, const char *created)
{
  g_autofree char *digest = cache_digest (variant);
  g_autofree char *path = cache_join ("%s/" VQ_TEMPLATE_INFO_FILE, digest);
  g_autofree char *json = NULL;
  g_autofree char *edited = NULL;
  g_auto (GStrv) parts = NULL;

  ck_assert (g_file_get_contents (path, &json, NULL, NULL));
  parts = g_strsplit (json, "\"created\" : \"", 2);
  edited = g_strconcat (parts[0], "\"created\" : \"", created, strchr (parts[1], '"'), NULL);
  ck_assert (
      g_file_set_contents_full (path, edited, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, NULL));
}

/* The age is that since it was made: to use it does not make it younger. */
TEST (old_ones)
{
  g_autoptr (VqTemplate) used = NULL;

  leave ("a", 0, 1);
  leave ("b", 0, 2);
  leave ("c", 0, 3);
  used = cache_find (cache_store, "b");
  set_created ("a", "2024-02-29T12:00:00Z");
  set_created ("b", "2024-02-29T12:00:00Z");
  ck_assert_uint_eq (sweep (0, 0).n_templates, 0);
  ck_assert_uint_eq (sweep (3600, 0).n_templates, 1);
  assert_left ("bc");
}

TEST (damaged_ones)
{
  g_autofree char *a = cache_digest ("a");
  g_autofree char *b = cache_digest ("b");
  g_autofree char *state = cache_join ("%s/state", a);
  g_autofree char *directory = cache_join ("%s", b);

  leave ("a", 0, 1);
  leave ("b", 0, 2);
  leave ("c", 0, 3);
  ck_assert_int_eq (truncate (state, 0), 0);
  ck_assert_int_eq (chmod (directory, 0755), 0);
  ck_assert_uint_eq (sweep (0, 0).n_templates, 2);
  assert_left ("c");
}

TEST (superseded_ones)
{
  g_autofree char *a = cache_digest ("a");
  g_autofree char *second = g_strconcat (a, ".2", NULL);
  g_autofree char *third = g_strconcat (a, ".10", NULL);
  g_autofree char *from = cache_join ("%s", a);
  g_autofree char *to = cache_join ("%s", third);

  leave ("a", 0, 1);
  ck_assert_int_eq (g_rename (from, to), 0);
  vq_private_dir_free (vq_private_dir_make_child (cache, second, NULL));
  leave ("b", 0, 1);
  sweep (0, 0);
  ck_assert (!tree_has (cache, second));
  ck_assert (tree_has (cache, third)); /* 10 comes after 2 */
}

/* Whatever has a name that we do not give stays. */
TEST (what_is_not_ours)
{
  g_autoptr (VqPrivateDir) child = vq_private_dir_make_child (cache, "mine", NULL);

  ck_assert (vq_private_dir_write (child, "file", "x", NULL));
  ck_assert (vq_private_dir_write (cache, "README", "x", NULL));
  ck_assert (vq_private_dir_write (cache, ".hidden", "x", NULL));
  sweep (1, 1);
  cache_assert_names (".hidden", "README", "mine", NULL);
}

/* A remover was killed at each of its steps. */
TEST (half_removed)
{
  g_autofree char *a = cache_digest ("a");
  g_autofree char *from = cache_join ("%s", a);
  g_autofree char *to = cache_join (".old-%s-00000001", a);
  g_autofree char *empty = cache_join (".old-%s-00000002", a);

  leave ("a", 0, 1);
  ck_assert_int_eq (g_rename (from, to), 0);
  ck_assert_int_eq (g_mkdir (empty, 0700), 0);
  vq_template_sweep_garbage (cache);
  cache_assert_names (NULL, NULL);
}

/* A remover that is still at work is left alone. */
TEST (being_removed)
{
  g_autofree char *a = cache_digest ("a");
  g_autofree char *from = cache_join ("%s", a);
  g_autofree char *old = g_strdup_printf (".old-%s-00000001", a);
  g_autofree char *to = cache_join ("%s", old);
  g_autofree char *lock = cache_join ("%s/lock", old);
  gboolean taken;
  int fd;

  leave ("a", 0, 1);
  ck_assert_int_eq (g_rename (from, to), 0);
  fd = open (lock, O_RDWR | O_CLOEXEC);
  ck_assert (vq_use_lock_take (fd, VQ_USE_EXCLUSIVE, &taken, NULL) && taken);
  vq_template_sweep_garbage (cache);
  cache_assert_names (old, NULL);
  close (fd);
  vq_template_sweep_garbage (cache);
  cache_assert_names (NULL, NULL);
}

/* While somebody removes it, it is not there for others; they are not told that it is damaged. */
TEST (locked_by_remover)
{
  g_autofree char *a = cache_digest ("a");
  g_autofree char *lock = cache_join ("%s/lock", a);
  gboolean taken, removed;
  int fd;

  leave ("a", 0, 1);
  fd = open (lock, O_RDWR | O_CLOEXEC);
  ck_assert (vq_use_lock_take (fd, VQ_USE_EXCLUSIVE, &taken, NULL) && taken);
  ck_assert_ptr_null (cache_find (cache_store, "a"));
  ck_assert (vq_template_entry_remove (cache, a, &removed, NULL));
  ck_assert (!removed);
  close (fd);
  assert_left ("a");
}

TEST (cannot_be_removed)
{
  g_autofree char *a = cache_digest ("a");
  g_autofree char *sub = cache_join ("%s/sub", a);
  VqTemplateSwept swept;
  guint n_kept;

  leave ("a", 0, 1);
  leave ("b", 0, 1);
  ck_assert_int_eq (g_mkdir (sub, 0700), 0);
  vq_template_sweep_unused (cache, &swept, &n_kept);
  ck_assert_uint_eq (swept.n_templates, 1);
  ck_assert_uint_eq (n_kept, 1);
  messages_assert_warning (a);
  assert_left (""); /* nobody uses what is half gone */
}

TEST (all_unused)
{
  g_autoptr (VqTemplate) used = NULL;
  VqTemplateSwept swept;
  guint n_kept;

  leave ("a", 0, 1);
  leave ("b", 1, 1);
  leave ("c", 1, 1);
  used = cache_find (cache_store, "a");
  vq_template_sweep_unused (cache, &swept, &n_kept);
  ck_assert_uint_eq (swept.n_templates, 2);
  ck_assert_uint_ge (swept.bytes, 2 * MIB);
  ck_assert_uint_eq (n_kept, 1);
  assert_left ("a");
}

/* A build removes what is too much, but never what it has just made. */
TEST (by_commit)
{
  const VqTemplateLimits limits = { 0, 3 * MIB / 2 };
  g_autoptr (VqTemplate) made = NULL;

  leave ("a", 1, 100);
  g_clear_pointer (&cache_store, vq_template_store_free);
  cache_store = vq_template_store_open (cache_path, &limits, NULL);
  leave ("b", 1, 50);
  assert_left ("b");
  g_clear_pointer (&cache_store, vq_template_store_free);
  cache_store = vq_template_store_open (cache_path, &(VqTemplateLimits){ 0, 1 }, NULL);
  made = cache_make (cache_store, "c");
  assert_left ("c");
}

TEST (scanned)
{
  g_autoptr (GPtrArray) entries = NULL;
  g_autoptr (VqTemplate) used = NULL;
  g_autofree char *a = cache_digest ("a");
  const VqTemplateEntry *entry;

  leave ("a", 1, 100);
  leave ("b", 0, 200);
  used = cache_find (cache_store, "b");
  ck_assert (vq_private_dir_write (cache, "0123456789abcdef0123456789abcdef", "x", NULL));
  entries = vq_template_entry_scan (cache, NULL);
  ck_assert_uint_eq (entries->len, 2);
  entry = entries->pdata[0];
  ck_assert_str_eq (entry->name, a);
  ck_assert_str_eq (entry->key, a);
  ck_assert_uint_eq (entry->number, 1);
  ck_assert_ptr_null (entry->problem);
  ck_assert_str_eq (vq_template_info_get_image (entry->info), "/images/a.qcow2");
  ck_assert_int_eq (entry->last_used, 100 * G_USEC_PER_SEC);
  ck_assert_uint_ge (entry->allocated, MIB);
  ck_assert (!entry->is_in_use);
  ck_assert (((VqTemplateEntry *)entries->pdata[1])->is_in_use);
}

/* Too few descriptors is no reason to take a template for damaged. */
TEST (too_few_descriptors)
{
  struct rlimit limit, few;
  gboolean found = FALSE;
  int free_fd = dup (0);

  close (free_fd);
  cache_leave (cache_store, "a");
  ck_assert_int_eq (getrlimit (RLIMIT_NOFILE, &limit), 0);
  few = limit;
  for (int n = 0; !found; n++)
    {
      g_autoptr (VqTemplate) template = NULL;

      ck_assert_int_lt (n, 10);
      few.rlim_cur = free_fd + n;
      ck_assert_int_eq (setrlimit (RLIMIT_NOFILE, &few), 0);
      template = cache_find (cache_store, "a");
      found = template != NULL;
      if (!found)
        vq_template_sweep (cache, &no_limits, NULL);
      ck_assert_int_eq (setrlimit (RLIMIT_NOFILE, &limit), 0);
      ck_assert_int_eq (messages_take_warnings ("Too many open files") > 0, !found);
      cache_assert_names (cache_digest_a, NULL);
    }
}

TEST (phrases)
{
  g_autoptr (VqTemplate) used = cache_make (cache_store, "a");
  const VqTemplateInfo *info = vq_template_get_info (used);

  ck_assert_ptr_null (vq_template_sweep_expired (info, &no_limits));
  ck_assert_ptr_null (vq_template_sweep_expired (info, &(VqTemplateLimits){ 1000, 1 }));
}
