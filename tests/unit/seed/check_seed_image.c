// SPDX-License-Identifier: GPL-2.0-or-later
/* check_cloud_seed looks at the label, and at the mode of the image. */
#include "seed/seed-image.h"

#include <archive.h>
#include <archive_entry.h>
#include <check.h>
#include <string.h>

#include "leaks.h"
#include "suite.h"
#include "tree.h"

static char *directory;

static void
set_up (void)
{
  leaks_begin ();
  directory = g_dir_make_tmp ("vq-image-XXXXXX", NULL);
}

static void
tear_down (void)
{
  tree_remove (directory);
  g_clear_pointer (&directory, g_free);
  leaks_assert_none ();
}

static const struct
{
  const char *name;
  gsize n;
  gboolean executable;
} files[] = {
  { "user-data", 5, FALSE },
  { "meta-data", 2048, FALSE },
  { "network-config", 0, FALSE },
  { "test.sh", 31, TRUE },
  { "ceph.conf", 3000000, FALSE },
  { "A", 1, FALSE },
  { "a", 2, FALSE },
  { "a name with blanks", 3, TRUE },
  { "a.b.c", 4, FALSE },
  { "0123456789012345678901234567890123456789012345678901234567890123", 6, FALSE },
};

static void
assert_entry (struct archive *archive, struct archive_entry *entry, guint *n)
{
  const char *name = archive_entry_pathname (entry);

  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    if (strcmp (files[i].name, name) == 0)
      {
        g_autofree char *text = g_malloc (files[i].n + 1);

        ck_assert_int_eq (archive_entry_size (entry), files[i].n);
        ck_assert_int_eq (archive_read_data (archive, text, files[i].n + 1), files[i].n);
        ck_assert_uint_eq (strspn (files[i].n == 0 ? "" : text, name), files[i].n == 0 ? 0 : 1);
        ck_assert_uint_eq (archive_entry_perm (entry), files[i].executable ? 0555 : 0444);
        (*n)++;
        return;
      }
  ck_abort_msg ("there is a file %s", name);
}

/* READER is what a reader of the image uses: Rock Ridge, or Joliet. */
static void
assert_image (const char *path, const char *reader)
{
  struct archive *archive = archive_read_new ();
  struct archive_entry *entry;
  guint n = 0;

  ck_assert_int_eq (archive_read_support_format_iso9660 (archive), ARCHIVE_OK);
  ck_assert_int_eq (archive_read_set_options (archive, reader), ARCHIVE_OK);
  ck_assert_int_eq (archive_read_open_filename (archive, path, 2048), ARCHIVE_OK);
  while (archive_read_next_header (archive, &entry) == ARCHIVE_OK)
    if (archive_entry_filetype (entry) == AE_IFREG && g_str_equal (reader, "!joliet"))
      assert_entry (archive, entry, &n);
    else if (archive_entry_filetype (entry) == AE_IFREG)
      n++;
  archive_read_free (archive);
  ck_assert_uint_eq (n, G_N_ELEMENTS (files));
}

CASE ("seed-image", set_up, tear_down, 60)

TEST (all_files)
{
  g_autoptr (VqSeed) seed = vq_seed_new ();
  g_autofree char *path = g_build_filename (directory, "image", NULL);

  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autofree char *text = g_malloc0 (files[i].n + 1);
      g_autoptr (GBytes) bytes = NULL;

      text[0] = files[i].name[0];
      bytes = g_bytes_new (text, files[i].n);
      vq_seed_add (seed, files[i].name, bytes, files[i].executable);
    }
  ck_assert (vq_seed_image_write (seed, path, NULL));
  assert_image (path, "!joliet");
  assert_image (path, "!rockridge");
}

TEST (no_room)
{
  g_autoptr (VqSeed) seed = vq_seed_new ();
  g_autoptr (GError) error = NULL;

  ck_assert (!vq_seed_image_write (seed, "/proc/none", &error));
  ck_assert (g_str_has_prefix (error->message, "cannot write /proc/none: cannot make it: "));
}
