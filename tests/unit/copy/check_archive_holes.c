// SPDX-License-Identifier: GPL-2.0-or-later
/* Tests file systems that cannot say where a file has holes, and files that change while they are
 * packed. */
#include "copy/archive-writer.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "archive-setup.h"
#include "suite.h"

#define MIB (1024 * 1024)

static char *tree;
static char *file;       /* in it */
static int seek_errnum;  /* the file system's error; 0: none */
static int seek_whence;  /* the kind of seek that fails */
static gint64 seek_from; /* the offset from which it fails */

/* Replaces the C library's lseek. */
off_t
lseek (int fd, off_t offset, int whence)
{
  if (seek_errnum == 0 || whence != seek_whence || offset < seek_from)
    return syscall (SYS_lseek, fd, offset, whence);
  errno = seek_errnum;
  return -1;
}

static void
setup (void)
{
  archive_setup ();
  seek_errnum = 0;
  seek_from = 0;
  tree = in (base, "tree");
  file = in (tree, "file");
  ck_assert_int_eq (mkdir (tree, 0755), 0);
}

static void
teardown (void)
{
  g_clear_pointer (&tree, g_free);
  g_clear_pointer (&file, g_free);
  archive_teardown ();
}

/* Makes a file of SIZE with two pieces of data: one is larger than a block of the archive, and a
 * small one is at LAST. */
static void
make_file (off_t size, off_t last)
{
  g_autofree char *island = g_strnfill (200000, 'x');
  int fd = open (file, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

  ck_assert_int_eq (ftruncate (fd, size), 0);
  ck_assert_int_eq (pwrite (fd, island, 200000, MIB), 200000);
  ck_assert_int_eq (pwrite (fd, "there", 5, last), 5);
  close (fd);
}

static void
assert_arrives (void)
{
  g_autofree char *copy = in (dest, "file");

  assert_packs (tree);
  seek_errnum = 0;
  assert_unpacks ();
  assert_same_contents (file, copy);
}

static const struct
{
  int whence, errnum;
  gint64 from;
} failing[] = {
  { SEEK_DATA, EINVAL, 0 },       { SEEK_DATA, EBADFD, 0 }, { SEEK_DATA, ENXIO, 0 },
  { SEEK_DATA, EINVAL, 2 * MIB }, { SEEK_HOLE, EINVAL, 0 }, { SEEK_HOLE, EINVAL, 3 * MIB },
};

CASE ("holes", setup, teardown, 60)

TEST_LOOP (no_map, 0, G_N_ELEMENTS (failing))
{
  make_file (4 * MIB, 3 * MIB);
  seek_whence = failing[_i].whence;
  seek_errnum = failing[_i].errnum;
  seek_from = failing[_i].from;
  assert_arrives ();
  ck_assert_uint_gt (stream->len, 4 * MIB);
}

/* A file without data and without blocks is only a hole. */
TEST (nothing_but_a_hole)
{
  g_autofree char *copy = in (dest, "file");
  struct stat st;

  put_file (file, "", 0644);
  ck_assert_int_eq (truncate (file, 1024 * (gint64)MIB), 0);
  assert_packs (tree);
  ck_assert_uint_lt (stream->len, 10000);
  assert_unpacks ();
  ck_assert_int_eq (stat (copy, &st), 0);
  ck_assert_int_eq (st.st_size, 1024 * (gint64)MIB);
  ck_assert_int_eq (st.st_blocks, 0);
}

/* The file gets this size when the first block is written. */
static gboolean
append_and_change (gpointer new_size, const void *bytes, gsize len, GError **error)
{
  ck_assert_int_eq (truncate (file, *(off_t *)new_size), 0);
  return append (NULL, bytes, len, error);
}

static const struct
{
  off_t last, new_size;
  gboolean fails;
} changes[] = {
  { 3 * MIB, 2 * MIB, TRUE },      /* without the last data */
  { 3 * MIB, MIB + 2, TRUE },      /* in the middle of data */
  { 2 * MIB, 3 * MIB, TRUE },      /* only a part of the last hole is lost */
  { 3 * MIB, 4 * MIB - 1, TRUE },  /* by one byte */
  { 3 * MIB, 4 * MIB, FALSE },     /* not at all */
  { 3 * MIB, 4 * MIB + 1, FALSE }, /* it grows */
  { 4 * MIB - 5, 5 * MIB, FALSE },
};

TEST_LOOP (changing_files, 0, G_N_ELEMENTS (changes))
{
  g_autofree char *copy = in (dest, "file");
  g_autoptr (GError) error = NULL;
  off_t new_size = changes[_i].new_size;
  gboolean packed;
  struct stat st;

  make_file (4 * MIB, changes[_i].last);
  packed = vq_archive_writer_pack (tree, append_and_change, &new_size, &error);
  if (!changes[_i].fails)
    {
      ck_assert_msg (packed, "%s", error != NULL ? error->message : "");
      assert_unpacks ();
      ck_assert_int_eq (stat (copy, &st), 0);
      ck_assert_int_eq (st.st_size, 4 * MIB);
      return;
    }
  ck_assert (!packed);
  ck_assert_msg (g_str_has_suffix (error->message, "/file got shorter while it was copied"), "%s",
                 error->message);
  ck_assert (!unpack (NULL));
}
