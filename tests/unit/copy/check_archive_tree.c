// SPDX-License-Identifier: GPL-2.0-or-later
/* Tests trees, into an archive and out of it. */
#include "copy/archive-reader.h"
#include "copy/archive-writer.h"

#include <check.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "archive-setup.h"
#include "base/error.h"
#include "suite.h"

static void
assert_same (const char *one, const char *two)
{
  struct stat a, b;

  ck_assert_msg (lstat (one, &a) == 0, "%s", one);
  ck_assert_msg (lstat (two, &b) == 0, "%s", two);
  ck_assert_msg (a.st_mode == b.st_mode, "%s: %o, %o", one, a.st_mode, b.st_mode);
  ck_assert_msg (a.st_mtim.tv_sec == b.st_mtim.tv_sec, "%s", one);
  if (S_ISREG (a.st_mode))
    {
      ck_assert_int_eq (a.st_nlink, b.st_nlink);
      if (a.st_size <= 64 * 1024 * 1024)
        assert_same_contents (one, two);
    }
  else if (S_ISLNK (a.st_mode))
    {
      g_autofree char *target_a = g_file_read_link (one, NULL);
      g_autofree char *target_b = g_file_read_link (two, NULL);

      ck_assert_str_eq (target_a, target_b);
    }
  else if (S_ISDIR (a.st_mode))
    {
      g_autoptr (GDir) dir = g_dir_open (one, 0, NULL);
      g_autoptr (GDir) dir_b = g_dir_open (two, 0, NULL);
      const char *name;
      int n = 0;

      while ((name = g_dir_read_name (dir)) != NULL)
        {
          g_autofree char *path_a = in (one, name);
          g_autofree char *path_b = in (two, name);

          assert_same (path_a, path_b);
          n++;
        }
      while (g_dir_read_name (dir_b) != NULL)
        n--;
      ck_assert_int_eq (n, 0);
    }
}

static void
set_old (const char *path)
{
  const struct timespec times[2] = { { 1111111111, 0 }, { 1111111111, 0 } };

  ck_assert_int_eq (utimensat (AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW), 0);
}

/* Makes a tree with everything that can be packed and unpacked. Returns its path (transfer full).
 */
static char *
make_tree (void)
{
  char *tree = in (base, "tree");
  g_autofree char *deep = NULL;
  g_autofree char *long_name = g_strnfill (255, 'n');
  g_autofree char *deeper = NULL;
  static const char *const directories[] = { "empty", "sub", "sub/sub", "locked" };
  static const char *const links[] = { "missing", "sub", "/etc/passwd", "../..", "a b\nc" };
  g_autofree char *locked = in (tree, "locked");
  g_autofree char *first = NULL;

  ck_assert_int_eq (mkdir (tree, 0755), 0);
  for (gsize i = 0; i < G_N_ELEMENTS (directories); i++)
    {
      g_autofree char *path = in (tree, directories[i]);
      ck_assert_int_eq (mkdir (path, 0755), 0);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (links); i++)
    {
      g_autofree char *name = g_strdup_printf ("link%zu", i);
      g_autofree char *path = in (tree, name);
      ck_assert_int_eq (symlink (links[i], path), 0);
      set_old (path);
    }
  deep = g_strconcat (tree, "/", long_name, NULL);
  ck_assert_int_eq (mkdir (deep, 0700), 0);
  deeper = in (deep, long_name);
  put_file (deeper, "deep", 0640);
  static const char *const names[] = { "plain",
                                       "a b",
                                       "new\nline",
                                       "-dash",
                                       "--checkpoint=1",
                                       "n\303\266n",
                                       "\377\376bytes",
                                       "sub/x",
                                       "locked/x",
                                       "*",
                                       " ",
                                       "\\" };
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = in (tree, names[i]);
      put_file (path, names[i], i % 2 ? 0755 : 0400);
      set_old (path);
    }
  first = in (tree, "plain");
  g_autofree char *second = in (tree, "sub/hard");
  ck_assert_int_eq (link (first, second), 0);
  ck_assert_int_eq (chmod (locked, 0555), 0);
  set_old (locked);
  set_old (tree);
  return tree;
}

static const int chunk_sizes[] = { 1, 2, 511, 512, 513, 65535, 65536 };

CASE ("both ways", archive_setup, archive_teardown, 60)

TEST_LOOP (test_round_trip, 0, G_N_ELEMENTS (chunk_sizes))
{
  g_autofree char *tree = make_tree ();

  chunk_size = chunk_sizes[_i];
  assert_packs (tree);
  assert_unpacks ();
  set_old (dest);
  assert_same (tree, dest);
}

TEST (test_merging)
{
  g_autofree char *tree = make_tree ();
  g_autofree char *extra = in (dest, "extra");
  g_autofree char *plain = in (dest, "plain");
  g_autofree char *text = NULL;

  put_file (extra, "extra", 0644);
  put_file (plain, "old and much longer", 0444);
  assert_packs (tree);
  assert_unpacks ();
  ck_assert (g_file_get_contents (plain, &text, NULL, NULL));
  ck_assert_str_eq (text, "plain");
  ck_assert_int_eq (unlink (extra), 0);
  set_old (dest);
  assert_same (tree, dest);
}

TEST_LOOP (test_sparse_files, 0, G_N_ELEMENTS (sparse))
{
  g_autofree char *tree = in (base, "tree");
  g_autofree char *file = in (tree, "sparse");
  g_autofree char *copy = in (dest, "sparse");
  struct stat st;
  char buffer[5];
  int fd;

  ck_assert_int_eq (mkdir (tree, 0755), 0);
  fd = open (file, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  ck_assert_int_eq (ftruncate (fd, 1 << 30), 0);
  for (const off_t *offset = sparse[_i]; *offset >= 0; offset++)
    ck_assert_int_eq (pwrite (fd, "data!", 5, *offset), 5);
  close (fd);
  assert_packs (tree);
  ck_assert_uint_lt (stream->len, 100000);
  assert_unpacks ();
  ck_assert_int_eq (lstat (copy, &st), 0);
  ck_assert_int_eq (st.st_size, 1 << 30);
  ck_assert_int_lt (st.st_blocks, 1000);
  fd = open (copy, O_RDONLY | O_CLOEXEC);
  for (const off_t *offset = sparse[_i]; *offset >= 0; offset++)
    {
      ck_assert_int_eq (pread (fd, buffer, 5, *offset), 5);
      ck_assert_mem_eq (buffer, "data!", 5);
      if (*offset > 5)
        {
          ck_assert_int_eq (pread (fd, buffer, 5, *offset - 5), 5);
          ck_assert_mem_eq (buffer, "\0\0\0\0\0", 5);
        }
    }
  close (fd);
}

TEST (test_sockets_are_left_out)
{
  g_autofree char *tree = in (base, "tree");
  g_autofree char *path = in (tree, "socket");
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  ck_assert_int_eq (mkdir (tree, 0755), 0);
  g_strlcpy (address.sun_path, path, sizeof address.sun_path);
  ck_assert_int_eq (bind (fd, (struct sockaddr *)&address, sizeof address), 0);
  close (fd);
  assert_packs (tree);
  assert_unpacks ();
  ck_assert_int_eq (rmdir (dest), 0);
  ck_assert_int_eq (mkdir (dest, 0755), 0);
}

TEST (test_what_cannot_be_packed)
{
  g_autofree char *missing = in (base, "missing");
  g_autofree char *tree = in (base, "tree");
  g_autofree char *secret = in (tree, "secret");
  g_autoptr (GError) error = NULL;

  ck_assert (!vq_archive_writer_pack (missing, append, NULL, &error));
  ck_assert_ptr_nonnull (strstr (error->message, "missing: No such file"));
  g_clear_error (&error);
  ck_assert_int_eq (mkdir (tree, 0755), 0);
  put_file (secret, "x", 0);
  if (geteuid () != 0)
    {
      ck_assert (!vq_archive_writer_pack (tree, append, NULL, &error));
      ck_assert_ptr_nonnull (strstr (error->message, "secret: Permission denied"));
      assert_outside_is_unharmed ();
      ck_assert (!unpack (NULL));
    }
}

static gboolean
refuse (gpointer data, const void *bytes, gsize len, GError **error)
{
  return vq_error_set (error, VQ_ERROR_CANCELLED, "no more");
}

static gssize
refuse_read (gpointer data, void *buffer, gsize max, GError **error)
{
  if (position > 0)
    {
      vq_error_set (error, VQ_ERROR_TIMEOUT, "no more");
      return -1;
    }
  return take (data, buffer, MIN (max, 700), error);
}

TEST (test_errors_of_the_stream_come_through)
{
  g_autofree char *tree = make_tree ();
  g_autoptr (GError) error = NULL;

  ck_assert (!vq_archive_writer_pack (tree, refuse, NULL, &error));
  ck_assert (vq_error_is_cancelled (error));
  g_clear_error (&error);
  assert_packs (tree);
  position = 0;
  ck_assert (!vq_archive_reader_unpack (dest, refuse_read, NULL, &error));
  ck_assert (vq_error_is_timeout (error));
}
