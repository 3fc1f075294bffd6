// SPDX-License-Identifier: GPL-2.0-or-later
#include "copy/tree-writer.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "leaks.h"
#include "suite.h"
#include "tree.h"

static char *base;
static char *dest;    /* the directory that is written to */
static char *outside; /* must not change; holds one file, "victim" */
static VqTreeWriter *writer;
static int n_fds;

static void
put (const char *directory, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (directory, name, NULL);

  ck_assert (g_file_set_contents (path, text, -1, NULL));
}

static void
setup (void)
{
  n_fds = leaks_count_fds ();
  umask (022);
  base = g_dir_make_tmp ("check-tree-writer-XXXXXX", NULL);
  dest = g_build_filename (base, "dest", NULL);
  outside = g_build_filename (base, "outside", NULL);
  ck_assert_int_eq (mkdir (dest, 0755), 0);
  ck_assert_int_eq (mkdir (outside, 0755), 0);
  put (outside, "victim", "unharmed");
  writer = vq_tree_writer_new (dest);
  ck_assert_ptr_nonnull (writer);
}

static struct stat
look (const char *directory, const char *name)
{
  g_autofree char *path = g_build_filename (directory, name, NULL);
  struct stat st;

  ck_assert_msg (lstat (path, &st) == 0, "%s: %s", path, g_strerror (errno));
  return st;
}

static gboolean
is_there (const char *name)
{
  g_autofree char *path = g_build_filename (dest, name, NULL);
  struct stat st;

  return lstat (path, &st) == 0;
}

static void
assert_mode (const char *name, mode_t mode)
{
  ck_assert_msg (look (dest, name).st_mode == mode, "%s: %o", name, look (dest, name).st_mode);
}

/* Gives the directory MODE, so that its files can be looked at and removed. */
static void
change_mode (const char *name, mode_t mode)
{
  g_autofree char *path = g_build_filename (dest, name, NULL);

  ck_assert_int_eq (chmod (path, mode), 0);
}

static void
assert_text (const char *directory, const char *name, const char *expected)
{
  g_autofree char *path = g_build_filename (directory, name, NULL);
  g_autofree char *text = NULL;

  ck_assert_msg (g_file_get_contents (path, &text, NULL, NULL), "%s", path);
  ck_assert_str_eq (text, expected);
}

static void
teardown (void)
{
  g_clear_pointer (&writer, vq_tree_writer_free);
  assert_text (outside, "victim", "unharmed");
  ck_assert_int_eq (look (outside, "victim").st_mode, S_IFREG | 0644);
  ck_assert_int_eq (look (outside, "victim").st_nlink, 1);
  ck_assert_int_eq (look (outside, "").st_mode, S_IFDIR | 0755);
  ck_assert_int_eq (look (outside, "").st_nlink, 2);
  tree_remove (base);
  g_clear_pointer (&base, g_free);
  g_clear_pointer (&dest, g_free);
  g_clear_pointer (&outside, g_free);
  ck_assert_int_eq (leaks_count_fds (), n_fds);
}

static void
add_file (const char *name, const char *text, mode_t mode)
{
  int fd = vq_tree_writer_add_file (writer, name, mode);

  ck_assert_msg (fd >= 0, "%s: %s", name, g_strerror (errno));
  ck_assert_int_ne (fcntl (fd, F_GETFD) & FD_CLOEXEC, 0);
  ck_assert_int_eq (write (fd, text, strlen (text)), strlen (text));
  close (fd);
}

static void
add_directory (const char *name, mode_t mode)
{
  ck_assert_msg (vq_tree_writer_add_directory (writer, name, mode, 1000000000), "%s: %s", name,
                 g_strerror (errno));
}

static void
add_symlink (const char *name, const char *target)
{
  ck_assert_msg (vq_tree_writer_add_symlink (writer, name, target, 1000000000), "%s: %s", name,
                 g_strerror (errno));
}

CASE ("tree-writer", setup, teardown, 60)

TEST (everything)
{
  g_autofree char *link_path = g_build_filename (dest, "d/l", NULL);
  g_autofree char *target = NULL;

  add_directory ("", 0711);
  add_directory ("d", 0755);
  add_file ("d/f", "text", 0644);
  add_symlink ("d/l", "/nowhere");
  ck_assert (vq_tree_writer_add_link (writer, "d/h", "d/f"));
  add_directory ("d/e", 0700);
  add_file ("z", "", 0600);
  ck_assert (vq_tree_writer_end (writer));
  assert_text (dest, "d/f", "text");
  target = g_file_read_link (link_path, NULL);
  ck_assert_str_eq (target, "/nowhere");
  ck_assert_uint_eq (look (dest, "d/h").st_ino, look (dest, "d/f").st_ino);
  assert_mode ("", S_IFDIR | 0755);
  assert_mode ("d", S_IFDIR | 0755);
  assert_mode ("d/e", S_IFDIR | 0700);
  assert_mode ("z", S_IFREG | 0600);
  ck_assert_int_eq (look (dest, "d").st_mtim.tv_sec, 1000000000);
  ck_assert_int_eq (look (dest, "d/e").st_mtim.tv_sec, 1000000000);
  ck_assert_int_eq (look (dest, "d/l").st_mtim.tv_sec, 1000000000);
  ck_assert_int_ne (look (dest, "").st_mtim.tv_sec, 1000000000);
}

/* New files and directories get their mode as far as the umask allows. */
TEST (modes)
{
  static const mode_t masks[] = { 0, 022, 077, 0777 };

  for (gsize i = 0; i < G_N_ELEMENTS (masks); i++)
    {
      const mode_t left = 0777 & ~masks[i];
      g_autofree char *name = g_strdup_printf ("%zu", i);
      g_autofree char *inner = g_build_filename (name, "0", NULL);
      g_autofree char *file = g_build_filename (inner, "in", NULL);

      umask (masks[i]);
      add_file ("f", "x", 0666);
      add_file ("g", "x", 0000);
      add_directory (name, 0777);
      add_directory (inner, 0);
      add_file (file, "x", 0755);
      ck_assert (vq_tree_writer_end (writer));
      assert_mode ("f", S_IFREG | (0666 & left));
      assert_mode ("g", S_IFREG | 0000);
      ck_assert_uint_eq (umask (022), masks[i]);
      assert_mode (name, S_IFDIR | left);
      change_mode (name, 0700);
      assert_mode (inner, S_IFDIR);
      change_mode (inner, 0700);
      assert_mode (file, S_IFREG | (0755 & left));
    }
}

/* A directory gets a mode that closes it to us only when it is left. */
TEST (left_directories)
{
  add_directory ("a", 0500);
  add_directory ("a/b", 0500);
  add_file ("a/b/f", "x", 0600);
  assert_mode ("a", S_IFDIR | 0700);
  assert_mode ("a/b", S_IFDIR | 0700);
  add_file ("a/bb", "x", 0600);
  assert_mode ("a/b", S_IFDIR | 0500);
  assert_mode ("a", S_IFDIR | 0700);
  add_directory ("aa", 0511);
  assert_mode ("a", S_IFDIR | 0500);
  ck_assert_int_eq (look (dest, "a").st_mtim.tv_sec, 1000000000);
  assert_mode ("aa", S_IFDIR | 0711);
  g_clear_pointer (&writer, vq_tree_writer_free);
  assert_mode ("aa", S_IFDIR | 0511);
  change_mode ("a", 0700);
  change_mode ("a/b", 0700);
}

/* An existing directory keeps its mode and its time, but lets us write while we write in it. */
TEST (existing_directories)
{
  static const mode_t kept[] = { 0511, 0755, 02750, 01777 };

  add_directory ("d", 0755);
  add_file ("d/kept", "kept", 0644);
  ck_assert (vq_tree_writer_end (writer));
  for (gsize i = 0; i < G_N_ELEMENTS (kept); i++)
    {
      change_mode ("d", kept[i]);
      add_directory ("d", 0777);
      assert_mode ("d", S_IFDIR | kept[i] | 0700);
      add_file ("d/new", "new", 0644);
      ck_assert (vq_tree_writer_end (writer));
      assert_mode ("d", S_IFDIR | kept[i]);
      ck_assert_int_ne (look (dest, "d").st_mtim.tv_sec, 1000000000);
      add_directory ("", 0777);
      ck_assert (vq_tree_writer_end (writer));
      assert_mode ("", S_IFDIR | 0755);
    }
  assert_text (dest, "d/kept", "kept");
}

TEST (missing_directories)
{
  add_file ("a/b/c", "x", 0644);
  assert_mode ("a/b", S_IFDIR | 0755);
  add_symlink ("c/d", "x");
  add_directory ("e/f", 0700);
  ck_assert (vq_tree_writer_add_link (writer, "g/h/i", "a/b/c"));
  ck_assert (is_there ("e/f"));
  add_file ("a/b/c2", "x", 0644);
  add_file ("a/bc/d", "x", 0644);
  add_file ("a/d", "x", 0644);
  add_file ("a/d2", "x", 0644);
  ck_assert (is_there ("a/bc/d") && is_there ("a/d") && is_there ("a/d2"));
}

/* Symlinks on the way that lead out. */
TEST (symlinks_on_the_way)
{
  static const char *const names[] = { "l/victim", "l/new/x", "d/l/victim", "l" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    for (int kind = 0; kind < 4; kind++)
      {
        struct stat st;

        add_symlink ("l", outside);
        add_symlink ("d/l", outside);
        add_file ("plain", "x", 0644);
        if (kind == 0)
          add_file (names[i], "harm", 0600);
        else if (kind == 1)
          add_directory (names[i], 0700);
        else if (kind == 2)
          add_symlink (names[i], "harm");
        else
          ck_assert (vq_tree_writer_add_link (writer, names[i], "plain"));
        st = look (dest, names[i]);
        ck_assert (kind == 2   ? S_ISLNK (st.st_mode)
                   : kind == 1 ? S_ISDIR (st.st_mode)
                               : S_ISREG (st.st_mode));
        g_clear_pointer (&writer, vq_tree_writer_free);
        tree_remove (dest);
        ck_assert_int_eq (mkdir (dest, 0755), 0);
        writer = vq_tree_writer_new (dest);
      }
}

/* A hard link must not lead to a file behind a symlink. */
TEST (links_through_symlinks)
{
  add_symlink ("l", outside);
  ck_assert (!vq_tree_writer_add_link (writer, "h", "l/victim"));
  ck_assert_int_eq (errno, ENOTDIR);
  ck_assert (!vq_tree_writer_add_link (writer, "h", "nowhere/x"));
  ck_assert_int_eq (errno, ENOENT);
  ck_assert (!vq_tree_writer_add_link (writer, "h", ""));
  ck_assert (!is_there ("h"));
  /* A hard link to the symlink itself is allowed. */
  ck_assert (vq_tree_writer_add_link (writer, "h", "l"));
  add_file ("h", "x", 0666);
  assert_text (dest, "h", "x");
}

/* A directory that still waits for its mode is replaced by a symlink that leads out. */
TEST (replaced_directories)
{
  add_directory ("a", 0700);
  add_symlink ("a", outside);
  ck_assert (vq_tree_writer_end (writer));
  add_directory ("b", 0511);
  add_directory ("b/c", 0511);
  g_clear_pointer (&writer, vq_tree_writer_free);
  writer = vq_tree_writer_new (dest);
  add_directory ("b", 0700);
  add_directory ("b/c", 0700);
  {
    g_autofree char *path = g_build_filename (dest, "b/c", NULL);

    ck_assert_int_eq (rmdir (path), 0);
    ck_assert_int_eq (symlink (outside, path), 0);
  }
  ck_assert (vq_tree_writer_end (writer));
  assert_mode ("b", S_IFDIR | 0511);
  change_mode ("b", 0700);
}

TEST (what_is_in_the_way)
{
  add_file ("f", "old and longer", 0600);
  add_file ("f", "new", 0644);
  assert_text (dest, "f", "new");
  add_directory ("f", 0755);
  add_file ("f/in", "x", 0644);
  ck_assert_int_eq (vq_tree_writer_add_file (writer, "f", 0644), -1);
  ck_assert_int_eq (errno, ENOTEMPTY);
  ck_assert (!vq_tree_writer_add_symlink (writer, "f", "x", 0));
  ck_assert_int_eq (errno, ENOTEMPTY);
  ck_assert (!vq_tree_writer_add_link (writer, "f", "f/in"));
  ck_assert_int_eq (errno, ENOTEMPTY);
  assert_text (dest, "f/in", "x");
  add_directory ("empty", 0755);
  add_file ("empty", "x", 0644);
  add_file ("empty/x", "x", 0644);
}

/* If a file of the user has the name, the name is taken from it, and its contents stay. */
TEST (hard_links_in_the_way)
{
  g_autofree char *victim = g_build_filename (outside, "victim", NULL);
  g_autofree char *path = g_build_filename (dest, "f", NULL);

  ck_assert_int_eq (link (victim, path), 0);
  add_file ("f", "harm", 0600);
  assert_text (dest, "f", "harm");
}

TEST (the_top)
{
  ck_assert_int_eq (vq_tree_writer_add_file (writer, "", 0644), -1);
  ck_assert (!vq_tree_writer_add_symlink (writer, "", outside, 0));
  ck_assert (!vq_tree_writer_add_link (writer, "", "x"));
  ck_assert (S_ISDIR (look (dest, "").st_mode));
}

/* A very deep tree is made with few descriptors. */
TEST (deep_names)
{
  static const char level[] = "/directory";
  const gsize n = strlen (level);
  g_autoptr (GString) name = g_string_new (level + 1);
  struct rlimit before, low;

  getrlimit (RLIMIT_NOFILE, &before);
  low = (struct rlimit){ leaks_count_fds () + 5, before.rlim_max };
  setrlimit (RLIMIT_NOFILE, &low);
  while (name->len + strlen (dest) < 4000)
    {
      add_directory (name->str, 0500);
      g_string_append (name, level);
    }
  add_file (name->str, "x", 0600);
  ck_assert (vq_tree_writer_end (writer));
  setrlimit (RLIMIT_NOFILE, &before);
  assert_mode (name->str, S_IFREG | 0600);
  for (; name->len > n; g_string_truncate (name, name->len - n))
    {
      g_autofree char *path = g_build_filename (dest, name->str, NULL);
      g_autofree char *parent = g_path_get_dirname (path);

      ck_assert_int_eq (chmod (parent, 0700), 0);
      ck_assert_int_eq (g_remove (path), 0);
    }
}

TEST (no_directory)
{
  g_autofree char *missing = g_build_filename (base, "missing", NULL);
  g_autofree char *file = g_build_filename (outside, "victim", NULL);
  g_autofree char *through = g_build_filename (base, "link", NULL);
  VqTreeWriter *other;

  ck_assert_ptr_null (vq_tree_writer_new (missing));
  ck_assert_int_eq (errno, ENOENT);
  ck_assert_ptr_null (vq_tree_writer_new (file));
  ck_assert_int_eq (errno, ENOTDIR);
  ck_assert_int_eq (symlink (dest, through), 0);
  other = vq_tree_writer_new (through);
  ck_assert_ptr_nonnull (other);
  ck_assert (vq_tree_writer_add_directory (other, "d", 0755, 0));
  vq_tree_writer_free (other);
  ck_assert (is_there ("d"));
}
