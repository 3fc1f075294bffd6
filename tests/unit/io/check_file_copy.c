// SPDX-License-Identifier: GPL-2.0-or-later
#include "io/file-copy.h"

#include <check.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "leaks.h"
#include "suite.h"
#include "tree.h"

#define BLOCK 65536
#define MIB (1024 * 1024)

static char *directory;
static char *from;
static char *dest;

static void
setup (void)
{
  leaks_begin ();
  directory = g_dir_make_tmp ("vq-copy-XXXXXX", NULL);
  ck_assert_ptr_nonnull (directory);
  from = g_build_filename (directory, "from", NULL);
  dest = g_build_filename (directory, "dest", NULL);
}

static void
teardown (void)
{
  tree_remove (directory);
  g_clear_pointer (&directory, g_free);
  g_clear_pointer (&from, g_free);
  g_clear_pointer (&dest, g_free);
  leaks_assert_none ();
}

static void
copy (void)
{
  g_autoptr (GError) error = NULL;

  ck_assert_msg (vq_file_copy (from, dest, &error), "%s", error != NULL ? error->message : "");
}

/* The file stays the same, even if it was longer. */
static void
copy_over (void)
{
  g_autoptr (GError) error = NULL;
  struct stat before, after;

  ck_assert_int_eq (stat (dest, &before), 0);
  ck_assert_msg (vq_file_copy_over (from, dest, &error), "%s", error != NULL ? error->message : "");
  ck_assert_int_eq (stat (dest, &after), 0);
  ck_assert (before.st_ino == after.st_ino);
}

/* It fails with one line that blames PATH and nothing else, and leaves no file. */
static void
assert_fails (const char *source, const char *path, const char *text)
{
  g_autoptr (GError) error = NULL;
  const char *other = g_str_equal (path, dest) ? source : dest;

  ck_assert (!vq_file_copy (source, dest, &error));
  ck_assert_msg (strstr (error->message, path) != NULL, "%s", error->message);
  ck_assert_msg (strstr (error->message, other) == NULL, "%s", error->message);
  ck_assert_msg (strstr (error->message, text) != NULL, "%s", error->message);
}

static void
assert_same_contents (const char *expected, gsize size)
{
  g_autofree char *contents = NULL;
  gsize n;

  ck_assert (g_file_get_contents (dest, &contents, &n, NULL));
  ck_assert_uint_eq (n, size);
  ck_assert (memcmp (contents, expected, n) == 0);
}

CASE ("copy", setup, teardown, 60)

/* Zeros everywhere but for one byte, or nowhere. */
TEST (sizes_and_zeros)
{
  static const gsize sizes[]
      = { 0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 2 * BLOCK + 1, 3 * BLOCK - 1 };

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      const gsize marks[]
          = { 0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, sizes[i] - 1, sizes[i] };

      for (gsize k = 0; k < G_N_ELEMENTS (marks); k++)
        {
          g_autofree char *contents = g_malloc0 (sizes[i] + 1);

          if (marks[k] < sizes[i])
            contents[marks[k]] = 'x';
          ck_assert (g_file_set_contents (from, contents, sizes[i], NULL));
          copy ();
          assert_same_contents (contents, sizes[i]);
          ck_assert_int_eq (g_unlink (dest), 0);
        }
    }
}

TEST (no_zeros)
{
  const gsize size = 3 * BLOCK + 17;
  g_autofree char *contents = g_malloc (size);

  for (gsize i = 0; i < size; i++)
    contents[i] = 1 + i % 251;
  ck_assert (g_file_set_contents (from, contents, size, NULL));
  copy ();
  assert_same_contents (contents, size);
}

TEST (zeros_become_holes)
{
  g_autofree char *contents = g_malloc0 (8 * MIB);
  struct stat st;

  contents[4 * MIB] = 'x';
  ck_assert (g_file_set_contents (from, contents, 8 * MIB, NULL));
  copy ();
  ck_assert_int_eq (stat (dest, &st), 0);
  ck_assert_int_eq (st.st_size, 8 * MIB);
  ck_assert_int_lt (st.st_blocks * 512, MIB);
  assert_same_contents (contents, 8 * MIB);
}

/* A disk that QEMU has open. */
TEST (over_a_file)
{
  ck_assert (g_file_set_contents (from, "short", -1, NULL));
  ck_assert (g_file_set_contents (dest, "longer than that", -1, NULL));
  copy_over ();
  assert_same_contents ("short", 5);
}

TEST (over_no_file)
{
  g_autoptr (GError) error = NULL;

  ck_assert (g_file_set_contents (from, "x", 1, NULL));
  ck_assert (!vq_file_copy_over (from, dest, &error));
  ck_assert_msg (strstr (error->message, dest) != NULL, "%s", error->message);
  ck_assert_int_ne (access (dest, F_OK), 0);
}

TEST (mode)
{
  mode_t before = umask (0);
  struct stat st;

  ck_assert (g_file_set_contents (from, "x", 1, NULL));
  ck_assert_int_eq (chmod (from, 0444), 0);
  copy ();
  umask (before);
  ck_assert_int_eq (stat (dest, &st), 0);
  ck_assert_int_eq (st.st_mode & 07777, 0600);
}

TEST (never_overwrites)
{
  g_autofree char *link = g_build_filename (directory, "target", NULL);

  ck_assert (g_file_set_contents (from, "x", 1, NULL));
  ck_assert (g_file_set_contents (dest, "mine", -1, NULL));
  assert_fails (from, dest, "File exists");
  assert_same_contents ("mine", 4);
  ck_assert_int_eq (g_unlink (dest), 0);
  ck_assert_int_eq (symlink (link, dest), 0);
  assert_fails (from, dest, "File exists");
  ck_assert (!g_file_test (link, G_FILE_TEST_EXISTS));
}

TEST (nothing_to_copy)
{
  assert_fails (from, from, "No such file or directory");
  ck_assert (!g_file_test (dest, G_FILE_TEST_EXISTS));
  ck_assert_int_eq (g_mkdir (from, 0700), 0);
  assert_fails (from, from, "Is a directory");
  ck_assert (!g_file_test (dest, G_FILE_TEST_EXISTS));
}

TEST (nowhere_to_copy_to)
{
  g_free (dest);
  dest = g_build_filename (directory, "none", "dest", NULL);
  ck_assert (g_file_set_contents (from, "x", 1, NULL));
  assert_fails (from, dest, "No such file or directory");
}

CASE ("no room", setup, teardown, 0)

/* A limit stands for the full disk: at first a block is written in part, then none. */
TEST_LOOP (no_room, 0, 2)
{
  const struct rlimit limit = { BLOCK + 100 * (rlim_t)_i, RLIM_INFINITY };
  g_autofree char *contents = g_strnfill (3 * BLOCK, 'x');
  struct rlimit before;

  ck_assert (g_file_set_contents (from, contents, 3 * BLOCK, NULL));
  signal (SIGXFSZ, SIG_IGN);
  ck_assert_int_eq (getrlimit (RLIMIT_FSIZE, &before), 0);
  ck_assert_int_eq (setrlimit (RLIMIT_FSIZE, &limit), 0);
  assert_fails (from, dest, "File too large (no file may be larger than");
  ck_assert_int_eq (setrlimit (RLIMIT_FSIZE, &before), 0);
  ck_assert (!g_file_test (dest, G_FILE_TEST_EXISTS));
}
