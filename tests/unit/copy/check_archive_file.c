// SPDX-License-Identifier: GPL-2.0-or-later
/* Tests archives of one file, which are packed from a descriptor and unpacked into one. */
#include "copy/archive-reader.h"
#include "copy/archive-writer.h"

#include <check.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive-setup.h"
#include "base/error.h"
#include "suite.h"

static int
open_new (const char *path)
{
  int fd = open (path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

  ck_assert_int_ge (fd, 0);
  return fd;
}

static void
assert_file_packs (const char *path)
{
  g_autoptr (GError) error = NULL;
  int fd = open (path, O_RDONLY | O_CLOEXEC);

  g_byte_array_set_size (stream, 0);
  ck_assert_msg (
      vq_archive_writer_pack_file (fd, path, "new\nname \377", 0640, append, NULL, &error), "%s",
      error != NULL ? error->message : "");
  close (fd);
}

static gboolean
unpack_file (const char *path, GError **error)
{
  int fd = open_new (path);
  gboolean unpacked;

  position = 0;
  unpacked = vq_archive_reader_unpack_file (fd, path, take, NULL, error);
  close (fd);
  return unpacked;
}

CASE ("one file", archive_setup, archive_teardown, 60)

TEST (test_one_file)
{
  static const gsize file_sizes[] = { 0, 1, 511, 512, 513, 65536, 1000000 };
  g_autofree char *from = in (base, "from");
  g_autofree char *to = in (base, "to");
  g_autofree char *as = in (dest, "new\nname \377");
  struct stat st;

  for (gsize i = 0; i < G_N_ELEMENTS (file_sizes); i++)
    {
      g_autofree char *text = g_malloc (file_sizes[i] + 1);
      g_autoptr (GError) error = NULL;

      for (gsize k = 0; k < file_sizes[i]; k++)
        text[k] = (char)(k * 31 + k / 512);
      ck_assert (g_file_set_contents (from, text, file_sizes[i], NULL));
      assert_file_packs (from);
      ck_assert_msg (unpack_file (to, &error), "%s", error != NULL ? error->message : "");
      assert_same_contents (from, to);
      /* A real tar finds the name and the mode that we gave. */
      assert_unpacks ();
      assert_same_contents (from, as);
      ck_assert_int_eq (lstat (as, &st), 0);
      ck_assert_uint_eq (st.st_mode, S_IFREG | 0640);
    }
}

TEST_LOOP (test_one_sparse_file, 0, G_N_ELEMENTS (sparse))
{
  g_autofree char *from = in (base, "from");
  g_autofree char *to = in (base, "to");
  g_autoptr (GError) error = NULL;
  int fd = open_new (from);
  struct stat st;
  char buffer[5];

  ck_assert_int_eq (ftruncate (fd, 1 << 30), 0);
  for (const off_t *offset = sparse[_i]; *offset >= 0; offset++)
    ck_assert_int_eq (pwrite (fd, "data!", 5, *offset), 5);
  close (fd);
  assert_file_packs (from);
  ck_assert_uint_lt (stream->len, 100000);
  ck_assert_msg (unpack_file (to, &error), "%s", error != NULL ? error->message : "");
  ck_assert_int_eq (lstat (to, &st), 0);
  ck_assert_int_eq (st.st_size, 1 << 30);
  ck_assert_int_lt (st.st_blocks, 1000);
  fd = open (to, O_RDONLY | O_CLOEXEC);
  for (const off_t *offset = sparse[_i]; *offset >= 0; offset++)
    {
      ck_assert_int_eq (pread (fd, buffer, 5, *offset), 5);
      ck_assert_mem_eq (buffer, "data!", 5);
    }
  close (fd);
}

static const struct
{
  const char *message;
  Entry entries[3];
} not_one_file[] = {
  { "no file", { { D, "a", NULL, 0755 } } },
  { "no file", { { L, "a", "%s/victim", 0755 } } },
  { "no file", { { 0, "a", "%s/victim", 0755 } } },
  { "no file", { { AE_IFCHR, "a", NULL, 0755 } } },
  { "more than a file", { { R, "a", "x", 0644 }, { R, "a", "x", 0644 } } },
  { "more than a file", { { R, "a", "x", 0644 }, { D, "b", NULL, 0644 } } },
};

TEST_LOOP (test_what_is_not_one_file, 0, G_N_ELEMENTS (not_one_file))
{
  g_autofree char *to = in (base, "to");

  for (int pax = 0; pax <= 1; pax++)
    {
      g_autoptr (GError) error = NULL;

      build (not_one_file[_i].entries, pax);
      ck_assert (!unpack_file (to, &error));
      ck_assert (g_error_matches (error, VQ_ERROR, VQ_ERROR_PEER));
      ck_assert_msg (strstr (error->message, not_one_file[_i].message) != NULL, "%s",
                     error->message);
    }
}

TEST (test_one_file_in_trouble)
{
  g_autofree char *from = in (base, "from");
  g_autofree char *to = in (base, "to");
  g_autoptr (GError) error = NULL;
  int fd;

  put_file (from, "some text", 0644);
  assert_file_packs (from);
  /* The archive ends with the block of the contents and two blocks of zeros. */
  for (gsize len = stream->len; len > 0; len -= MIN (len, 100))
    {
      g_byte_array_set_size (stream, len - 1);
      ck_assert_msg (!unpack_file (to, NULL), "%" G_GSIZE_FORMAT " bytes", len - 1);
    }
  assert_file_packs (from);
  position = 0;
  fd = open ("/dev/full", O_WRONLY | O_CLOEXEC);
  ck_assert (!vq_archive_reader_unpack_file (fd, "/dev/full", take, NULL, &error));
  ck_assert_str_eq (error->message, "cannot unpack /dev/full: No space left on device");
  close (fd);
  g_clear_error (&error);
  fd = open (from, O_WRONLY | O_CLOEXEC);
  ck_assert (!vq_archive_writer_pack_file (fd, from, "x", 0644, append, NULL, &error));
  ck_assert (g_str_has_prefix (error->message, "cannot read "));
  ck_assert (g_str_has_suffix (error->message, "/from: Bad file descriptor"));
  close (fd);
}
