// SPDX-License-Identifier: GPL-2.0-or-later
#include "qemu/ram-file.h"

#include <check.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "leaks.h"
#include "suite.h"

#define MIB (1024 * 1024)

static char *directory;
static char *path;

static void
setup (void)
{
  leaks_begin ();
  directory = g_dir_make_tmp ("vq-ram-XXXXXX", NULL);
  path = g_build_filename (directory, "ram", NULL);
}

static void
teardown (void)
{
  ck_assert_int_eq (rmdir (directory), 0); /* what is in it, the test has removed */
  g_free (directory);
  g_free (path);
  leaks_assert_none ();
}

CASE ("ram-file", setup, teardown, 60)

TEST (create)
{
  struct stat st;
  mode_t old = umask (0);

  ck_assert (vq_ram_file_create (path, 8192, NULL));
  umask (old);
  ck_assert_int_eq (stat (path, &st), 0);
  ck_assert_int_eq (st.st_mode, S_IFREG | 0600);
  ck_assert_int_eq (st.st_size, (off_t)8192 * MIB);
  ck_assert_int_lt (st.st_blocks, 100);
  ck_assert (vq_ram_file_check (path, 8192, NULL));
  unlink (path);
}

TEST (create_where_something_is)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *bytes = NULL;

  ck_assert (g_file_set_contents (path, "old", 3, NULL));
  ck_assert (!vq_ram_file_create (path, 1, &error));
  ck_assert_msg (strstr (error->message, "File exists") != NULL, "%s", error->message);
  ck_assert (g_file_get_contents (path, &bytes, NULL, NULL));
  ck_assert_str_eq (bytes, "old");
  unlink (path);
}

TEST (create_where_nothing_can_be)
{
  g_autofree char *below = g_build_filename (path, "ram", NULL);
  g_autoptr (GError) error = NULL;

  ck_assert (!vq_ram_file_create (below, 1, &error));
  ck_assert_msg (strstr (error->message, below) != NULL, "%s", error->message);
}

TEST (size)
{
  static const struct
  {
    off_t size;
    gboolean fits;
  } cases[] = { { 0, FALSE }, { 2 * MIB - 1, FALSE }, { 2 * MIB, TRUE }, { 2 * MIB + 1, FALSE } };

  ck_assert (vq_ram_file_create (path, 1, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      ck_assert_int_eq (truncate (path, cases[i].size), 0);
      ck_assert_int_eq (vq_ram_file_check (path, 2, NULL), cases[i].fits);
    }
  unlink (path);
}

static void
assert_not_used (const char *text)
{
  g_autoptr (GError) error = NULL;

  ck_assert (!vq_ram_file_check (path, 1, &error));
  ck_assert_msg (strstr (error->message, text) != NULL, "%s", error->message);
  ck_assert_msg (strstr (error->message, path) != NULL, "%s", error->message);
}

TEST (no_file)
{
  g_autofree char *target = g_build_filename (directory, "target", NULL);

  assert_not_used ("No such file");
  ck_assert_int_eq (g_mkdir (path, 0700), 0);
  assert_not_used ("not a plain file");
  rmdir (path);
  ck_assert (vq_ram_file_create (target, 1, NULL));
  ck_assert_int_eq (symlink (target, path), 0);
  assert_not_used ("not a plain file");
  unlink (path);
  unlink (target);
}
