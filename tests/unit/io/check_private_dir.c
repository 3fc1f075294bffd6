// SPDX-License-Identifier: GPL-2.0-or-later
#include "io/private-dir.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "leaks.h"
#include "suite.h"
#include "tree.h"

#define NOBODY 65534

static char *parent;
static VqPrivateDir *dir;

static VqPrivateDir *
open_good (const char *path, VqPrivateDirHow how)
{
  g_autoptr (GError) error = NULL;
  VqPrivateDir *opened = vq_private_dir_open (path, how, &error);

  ck_assert_msg (opened != NULL, "%s", error != NULL ? error->message : "");
  return opened;
}

static void
setup (void)
{
  leaks_begin ();
  parent = g_strdup ("/tmp/vq-test-XXXXXX");
  ck_assert_ptr_nonnull (g_mkdtemp (parent));
  dir = open_good (parent, VQ_PRIVATE_DIR_EXISTING);
}

static void
teardown (void)
{
  g_clear_pointer (&dir, vq_private_dir_free);
  tree_remove (parent);
  g_clear_pointer (&parent, g_free);
  leaks_assert_none ();
}

static char *
path_of (const char *name)
{
  return g_build_filename (parent, name, NULL);
}

static mode_t
mode_of (const char *path)
{
  struct stat st;

  ck_assert_int_eq (lstat (path, &st), 0);
  return st.st_mode & 07777;
}

static void
assert_refused (const char *path, VqPrivateDirHow how, const char *reason)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VqPrivateDir) opened = vq_private_dir_open (path, how, &error);

  ck_assert_ptr_null (opened);
  ck_assert (g_error_matches (error, VQ_ERROR, VQ_ERROR_FAILED));
  ck_assert_msg (strstr (error->message, reason) != NULL, "%s", error->message);
}

CASE ("umask", setup, teardown, 0)

TEST_LOOP (created_with_parents, 0, 2)
{
  mode_t before = umask (_i == 0 ? 0 : 022);
  g_autofree char *path = path_of ("a/b/c");
  g_autofree char *above = path_of ("a");
  g_autoptr (VqPrivateDir) made = open_good (path, VQ_PRIVATE_DIR_CREATE);
  g_autoptr (VqPrivateDir) again = open_good (path, VQ_PRIVATE_DIR_CREATE);

  umask (before);
  ck_assert_uint_eq (mode_of (path), 0700);
  ck_assert_uint_eq (mode_of (above), 0700);
  ck_assert_str_eq (vq_private_dir_get_path (made), path);
}

CASE ("private-dir", setup, teardown, 60)

TEST (not_created)
{
  g_autofree char *path = path_of ("a");

  assert_refused (path, VQ_PRIVATE_DIR_EXISTING, g_strerror (ENOENT));
}

TEST (something_in_the_way)
{
  g_autofree char *file = path_of ("file");
  g_autofree char *below = path_of ("file/below");
  g_autofree char *dangling = path_of ("dangling");

  ck_assert (g_file_set_contents (file, "", -1, NULL));
  ck_assert_int_eq (symlink ("nowhere", dangling), 0);
  assert_refused (file, VQ_PRIVATE_DIR_CREATE, file);
  assert_refused (below, VQ_PRIVATE_DIR_CREATE, below);
  assert_refused (dangling, VQ_PRIVATE_DIR_CREATE, dangling);
  assert_refused ("/proc/self/none", VQ_PRIVATE_DIR_CREATE, "/proc/self/none");
}

TEST (writable_by_others)
{
  static const mode_t bad[] = { 0770, 0720, 0702, 01777 };

  ck_assert_int_eq (chmod (parent, 0755), 0);
  vq_private_dir_free (open_good (parent, VQ_PRIVATE_DIR_EXISTING));
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      ck_assert_int_eq (chmod (parent, bad[i]), 0);
      assert_refused (parent, VQ_PRIVATE_DIR_CREATE,
                      bad[i] == 01777 ? "give a directory of your own in it" : "chmod go-w");
    }
}

/* As root we could make it, and nobody would use it then. */
TEST (not_created_in_a_foreign_directory)
{
  g_autofree char *foreign = path_of ("foreign");
  g_autofree char *below = path_of ("foreign/a/b");
  g_autofree char *made = path_of ("foreign/a");

  if (geteuid () != 0)
    SKIP ("only root can give files away");
  ck_assert_int_eq (g_mkdir (foreign, 0755), 0);
  ck_assert_int_eq (chown (foreign, NOBODY, NOBODY), 0);
  assert_refused (below, VQ_PRIVATE_DIR_CREATE, "belongs to another user");
  ck_assert_int_ne (access (made, F_OK), 0);
}

/* A directory in the middle of the path that another user can rename, or replace what is in it. */
TEST (open_above)
{
  g_autofree char *above = path_of ("above");
  g_autofree char *path = path_of ("above/a");
  g_autofree char *link_path = path_of ("link");

  ck_assert_int_eq (g_mkdir (above, 0755), 0);
  ck_assert_int_eq (g_mkdir (path, 0700), 0);
  ck_assert_int_eq (symlink ("above/a", link_path), 0);
  vq_private_dir_free (open_good (path, VQ_PRIVATE_DIR_EXISTING));
  ck_assert_int_eq (chmod (above, 0775), 0);
  assert_refused (path, VQ_PRIVATE_DIR_EXISTING, "above is open to other users");
  assert_refused (link_path, VQ_PRIVATE_DIR_EXISTING, "above is open to other users");
  ck_assert_int_eq (chmod (above, 01777), 0);
  vq_private_dir_free (open_good (link_path, VQ_PRIVATE_DIR_EXISTING));
}

TEST (anothers_above)
{
  g_autofree char *above = path_of ("above");
  g_autofree char *path = path_of ("above/a/b");

  if (getuid () != 0)
    SKIP ("only root can do this");
  ck_assert_int_eq (g_mkdir (above, 0755), 0);
  ck_assert_int_eq (chown (above, NOBODY, -1), 0);
  assert_refused (path, VQ_PRIVATE_DIR_CREATE, "above belongs to another user (UID 65534), who");
}

TEST (owned_by_another)
{
  g_autofree char *path = path_of ("a");

  if (getuid () != 0)
    SKIP ("only root can do this");
  ck_assert_int_eq (g_mkdir (path, 0700), 0);
  ck_assert_int_eq (chown (path, NOBODY, -1), 0);
  assert_refused (path, VQ_PRIVATE_DIR_CREATE, "another user (UID 65534)");
}

/* The path that it then has is free of links, as links can be changed. */
TEST (through_a_link)
{
  g_autofree char *link = path_of ("link");
  g_autofree char *real = path_of ("real");
  g_autoptr (VqPrivateDir) opened = NULL;

  ck_assert_int_eq (g_mkdir (real, 0700), 0);
  ck_assert_int_eq (symlink ("real", link), 0);
  opened = open_good (link, VQ_PRIVATE_DIR_CREATE);
  ck_assert_str_eq (vq_private_dir_get_path (opened), real);
}

TEST (children)
{
  g_autoptr (VqPrivateDir) child = vq_private_dir_make_child (dir, "child", NULL);
  g_autoptr (VqPrivateDir) same = vq_private_dir_open_child (dir, "child", NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char *path = path_of ("child");
  g_autofree char *joined = vq_private_dir_join (child, "x");

  ck_assert_str_eq (vq_private_dir_get_path (child), path);
  ck_assert_ptr_nonnull (same);
  ck_assert_uint_eq (mode_of (path), 0700);
  ck_assert (g_str_has_suffix (joined, "/child/x"));
  ck_assert_ptr_null (vq_private_dir_make_child (dir, "child", &error));
  ck_assert_ptr_nonnull (strstr (error->message, g_strerror (EEXIST)));
  ck_assert (tree_has (dir, "child"));
  ck_assert (!tree_has (dir, "other"));
}

/* Children must be closed to others altogether, and links to them are not followed. */
TEST (bad_children)
{
  g_autoptr (VqPrivateDir) child = vq_private_dir_make_child (dir, "child", NULL);
  g_autoptr (VqPrivateDir) anyhow = NULL;
  g_autoptr (GError) open_error = NULL;
  g_autoptr (GError) link_error = NULL;
  g_autofree char *path = path_of ("child");
  g_autofree char *link = path_of ("link");

  ck_assert_int_eq (symlink ("child", link), 0);
  ck_assert_ptr_null (vq_private_dir_open_child (dir, "link", &link_error));
  ck_assert_ptr_null (vq_private_dir_open_child_anyhow (dir, "link", NULL));
  ck_assert_int_eq (chmod (path, 0750), 0);
  ck_assert_ptr_null (vq_private_dir_open_child (dir, "child", &open_error));
  ck_assert_ptr_nonnull (strstr (open_error->message, "chmod go="));
  anyhow = vq_private_dir_open_child_anyhow (dir, "child", NULL);
  ck_assert_ptr_nonnull (anyhow);
}

TEST (listed)
{
  g_auto (GStrv) none = vq_private_dir_list (dir, NULL);
  g_auto (GStrv) names = NULL;
  g_auto (GStrv) again = NULL;

  ck_assert_uint_eq (g_strv_length (none), 0);
  ck_assert (vq_private_dir_write (dir, "b", "", NULL));
  ck_assert (vq_private_dir_write (dir, ".a", "", NULL));
  ck_assert (vq_private_dir_write (dir, "a", "", NULL));
  names = vq_private_dir_list (dir, NULL);
  again = vq_private_dir_list (dir, NULL);
  ck_assert_uint_eq (g_strv_length (names), 3);
  ck_assert_str_eq (names[0], ".a");
  ck_assert_str_eq (names[1], "a");
  ck_assert_str_eq (names[2], "b");
  ck_assert (g_strv_equal ((const char *const *)names, (const char *const *)again));
}

TEST (written_and_read)
{
  g_autofree char *path = path_of ("file");
  g_autofree char *text = NULL;
  g_autoptr (GError) long_error = NULL;
  gsize length;
  struct stat st;

  ck_assert (vq_private_dir_write (dir, "file", "12345", NULL));
  ck_assert_uint_eq (mode_of (path), 0600);
  text = vq_private_dir_read (dir, "file", 5, &length, NULL);
  ck_assert_str_eq (text, "12345");
  ck_assert_uint_eq (length, 5);
  ck_assert_ptr_null (vq_private_dir_read (dir, "file", 4, &length, &long_error));
  ck_assert_ptr_nonnull (strstr (long_error->message, "longer than 4 bytes"));
  ck_assert (!vq_private_dir_write (dir, "file", "other", NULL));
  ck_assert (vq_private_dir_stat (dir, "file", &st, NULL));
  ck_assert_int_eq (st.st_size, 5);
}

/* None of them blocks, is followed, or is taken for a file of ours. */
TEST (bad_files)
{
  static const char *const names[] = { "fifo", "link", "directory", "readable", "foreign", "none" };
  g_autofree char *fifo = path_of ("fifo");
  g_autofree char *link = path_of ("link");
  g_autofree char *directory = path_of ("directory");
  g_autofree char *readable = path_of ("readable");
  g_autofree char *foreign = path_of ("foreign");
  struct stat st;
  gsize length;

  ck_assert_int_eq (mkfifo (fifo, 0600), 0);
  ck_assert_int_eq (symlink ("good", link), 0);
  ck_assert_int_eq (g_mkdir (directory, 0700), 0);
  ck_assert (vq_private_dir_write (dir, "good", "x", NULL));
  ck_assert (vq_private_dir_write (dir, "readable", "x", NULL));
  ck_assert_int_eq (chmod (readable, 0640), 0);
  if (getuid () == 0)
    ck_assert (vq_private_dir_write (dir, "foreign", "x", NULL)
               && chown (foreign, NOBODY, -1) == 0);
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (GError) error = NULL;

      ck_assert_msg (!vq_private_dir_stat (dir, names[i], &st, NULL), "%s", names[i]);
      ck_assert_int_eq (vq_private_dir_open_file (dir, names[i], O_RDWR, NULL), -1);
      ck_assert_ptr_null (vq_private_dir_read (dir, names[i], 10, &length, &error));
      ck_assert_ptr_nonnull (strstr (error->message, names[i]));
    }
}

/* Blocks, not bytes: a hole takes nothing. */
TEST (allocated)
{
  g_autofree char *text = g_strnfill (100 * 1024, 'x');
  g_autofree char *path = path_of ("hole");
  guint64 before = vq_private_dir_get_allocated (dir);

  ck_assert (vq_private_dir_write (dir, "data", text, NULL));
  ck_assert (vq_private_dir_write (dir, "hole", "", NULL));
  ck_assert_int_eq (truncate (path, 1 << 30), 0);
  ck_assert_uint_eq (before, 0);
  ck_assert_uint_ge (vq_private_dir_get_allocated (dir), 100 * 1024);
  ck_assert_uint_lt (vq_private_dir_get_allocated (dir), 200 * 1024);
}

TEST (renamed)
{
  g_autoptr (VqPrivateDir) child = vq_private_dir_make_child (dir, "old", NULL);
  g_autoptr (VqPrivateDir) other = vq_private_dir_make_child (dir, "full", NULL);
  g_autoptr (GError) error = NULL;

  ck_assert (vq_private_dir_write (other, "file", "", NULL));
  ck_assert (vq_private_dir_rename (child, dir, "new", NULL));
  ck_assert (g_str_has_suffix (vq_private_dir_get_path (child), "/new"));
  ck_assert (vq_private_dir_is_current (child));
  ck_assert (!tree_has (dir, "old"));
  ck_assert (!vq_private_dir_rename (child, dir, "full", &error));
  ck_assert_ptr_nonnull (strstr (error->message, "full"));
  ck_assert (vq_private_dir_is_current (child));
}

TEST (not_current)
{
  g_autoptr (VqPrivateDir) child = vq_private_dir_make_child (dir, "child", NULL);
  g_autoptr (VqPrivateDir) next = NULL;
  g_autofree char *path = path_of ("child");

  ck_assert_int_eq (g_rmdir (path), 0);
  ck_assert (!vq_private_dir_is_current (child));
  next = vq_private_dir_make_child (dir, "child", NULL);
  ck_assert (!vq_private_dir_is_current (child));
  ck_assert (vq_private_dir_is_current (next));
}

TEST (removed)
{
  g_autoptr (VqPrivateDir) child = vq_private_dir_make_child (dir, "child", NULL);
  g_autofree char *link = path_of ("child/link");

  ck_assert (vq_private_dir_write (dir, "outside", "x", NULL));
  ck_assert (vq_private_dir_write (child, "a", "", NULL));
  ck_assert (vq_private_dir_write (child, "last", "", NULL));
  ck_assert_int_eq (symlink ("../outside", link), 0);
  ck_assert (vq_private_dir_remove_child (dir, "child", "last", NULL));
  ck_assert (!tree_has (dir, "child"));
  ck_assert (tree_has (dir, "outside"));
  ck_assert (vq_private_dir_remove_child (dir, "child", NULL, NULL)); /* not there is fine */
}

TEST (not_removed)
{
  g_autoptr (VqPrivateDir) child = vq_private_dir_make_child (dir, "child", NULL);
  g_autoptr (VqPrivateDir) grandchild = vq_private_dir_make_child (child, "z", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) link_error = NULL;
  g_autofree char *link = path_of ("link");

  ck_assert (!vq_private_dir_remove_child (dir, "child", NULL, &error));
  ck_assert_ptr_nonnull (strstr (error->message, "/child"));
  ck_assert_int_eq (symlink ("child", link), 0);
  ck_assert (!vq_private_dir_remove_child (dir, "link", NULL, &link_error));
  ck_assert (tree_has (dir, "link"));
}

/* The last one stays while anything else does: here a directory, which comes somewhere among the
 * others when they are listed. */
TEST (last_one_stays)
{
  g_autoptr (VqPrivateDir) child = vq_private_dir_make_child (dir, "child", NULL);
  g_autoptr (VqPrivateDir) grandchild = vq_private_dir_make_child (child, "z", NULL);

  for (int i = 0; i < 100; i++)
    {
      g_autofree char *name = g_strdup_printf ("file%d", i);

      ck_assert (vq_private_dir_write (child, name, "", NULL));
      ck_assert (!vq_private_dir_remove_child (dir, "child", name, NULL));
      ck_assert (tree_has (child, name));
    }
}

/* A file may not get longer than a limit: the same to us as a full disk. */
static int
write_beyond_limit (void)
{
  struct rlimit limit = { 1000, 1000 };
  g_autofree char *text = g_strnfill (2000, 'x');
  g_autoptr (GError) error = NULL;

  signal (SIGXFSZ, SIG_IGN);
  if (setrlimit (RLIMIT_FSIZE, &limit) != 0 || !vq_private_dir_write (dir, "short", "x", NULL))
    return 1;
  if (vq_private_dir_write (dir, "long", text, &error))
    return 2;
  return strstr (error->message, g_strerror (EFBIG)) != NULL && !tree_has (dir, "long") ? 0 : 3;
}

TEST (disk_full)
{
  pid_t pid = fork ();
  int status;

  if (pid == 0)
    _exit (write_beyond_limit ());
  ck_assert_int_eq (waitpid (pid, &status, 0), pid);
  ck_assert_int_eq (status, 0);
}
