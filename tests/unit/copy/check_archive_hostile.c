// SPDX-License-Identifier: GPL-2.0-or-later
/* Tests archives of a hostile guest. Nothing outside the directory is touched, and broken archives
 * are noticed. */
#include "copy/archive-reader.h"

#include <check.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive-setup.h"
#include "base/error.h"
#include "suite.h"

/* Each is unpacked several times into the same directory, in both formats, after ".". */
static const struct
{
  const char *refused; /* part of the error; NULL: accepted */
  Entry entries[5];
} hostile[] = {
  { "refused the name", { { R, "../outside/victim", "x", 0666 } } },
  { "refused the name", { { R, "./a/../../outside/victim", "x", 0666 } } },
  { "refused the name", { { R, "..", "x", 0666 } } },
  { "refused the name", { { D, "./..", NULL, 0700 } } },
  { "refused the name", { { D, "../outside", NULL, 0700 } } },
  { "refused the name", { { R, "%s/victim", "x", 0666 } } },
  { "refused the name", { { R, "/%s/victim", "x", 0666 } } },
  { "refused the name", { { D, "a/b", NULL, 0755 }, { R, "a/b/../../../outside/v", "x", 0644 } } },
  { "refused the name", { { 0, "a", "../outside/victim", 0666 } } },
  { "refused the name", { { 0, "a", "%s/victim", 0666 }, { R, "a", "x", 0666 } } },
  { "refused the name", { { 0, "a", "b/../../outside/victim", 0666 } } },
  { "replaces its top", { { L, ".", "../outside", 0777 }, { R, "./victim", "x", 0666 } } },
  { "replaces its top", { { L, "./", "../outside", 0777 }, { R, "victim", "x", 0666 } } },
  { "replaces its top", { { L, ".//.", "%s", 0777 }, { R, "victim", "x", 0666 } } },
  { "replaces its top", { { R, ".", "x", 0777 } } },
  { "cannot unpack", { { R, "a", "x", 0644 }, { 0, ".//a/b", "a", 0777 }, { 0, "b", "c", 0 } } },
  { NULL, { { L, "a", "../outside", 0777 }, { R, "a/victim", "x", 0666 } } },
  { NULL, { { L, "a", "%s", 0777 }, { R, "./a/victim", "x", 0666 } } },
  { NULL, { { L, "a", "%s/", 0777 }, { D, "./a/", "x", 0700 }, { R, "a/new", "x", 0666 } } },
  { NULL, { { L, "a", "%s/victim", 0777 }, { R, "a", "x", 0666 } } },
  { NULL, { { L, "a", "%s", 0777 }, { D, "a", NULL, 0700 } } },
  { NULL, { { L, "a", "..", 0777 }, { L, "b", "a/outside", 0777 }, { R, "b/victim", "x", 0 } } },
  { NULL, { { L, "a", "%s/victim", 0777 }, { 0, "b", "a", 0600 }, { R, "b", "x", 0600 } } },
  /* the link's target is behind a symlink */
  { "cannot unpack", { { L, "a", "%s", 0777 }, { 0, "b", "a/victim", 0600 } } },
  /* a directory whose mode is to be set at the end, replaced meanwhile */
  { NULL, { { D, "a", NULL, 0500 }, { L, "a", "%s", 0777 } } },
  { NULL, { { D, "a", NULL, 0500 }, { L, "a", "%s", 0777 }, { R, "a/new", "x", 0777 } } },
  { NULL, { { L, "a", "%s/new", 0777 }, { R, "a", "x", 0644 } } },
  { NULL, { { L, "a", "%s/new", 0777 }, { D, "a/b/c", "x", 0755 } } },
  { NULL, { { L, "A", "%s", 0777 }, { R, "a/victim", "x", 0644 }, { R, "A/victim", "x", 0644 } } },
  { NULL, { { R, "new\nline", "x", 0644 }, { R, "-rf", "x", 0644 }, { R, "...", "x", 0644 } } },
  { NULL, { { R, "\377\376", "x", 0644 }, { R, "\033[31m", "x", 0644 }, { R, "*", "x", 0644 } } },
};

CASE ("from a hostile guest", archive_setup, archive_teardown, 60)

TEST_LOOP (test_hostile_archives, 0, G_N_ELEMENTS (hostile))
{
  static const Entry top[] = { { D, "./", NULL, 0755 }, { 0 } };
  const char *refused = hostile[_i].refused;

  for (int round = 0; round < 4; round++)
    {
      g_autoptr (GError) error = NULL;
      gboolean unpacked;

      build (top, round & 1);
      assert_unpacks ();
      build (hostile[_i].entries, round & 1);
      unpacked = unpack (&error);
      if (refused != NULL)
        ck_assert_msg (!unpacked && strstr (error->message, refused) != NULL, "%d: %s", _i,
                       unpacked ? "accepted" : error->message);
      /* From the second time on, a directory with something in it may be in the way. */
      else if (!unpacked)
        ck_assert_msg (round > 0 && strstr (error->message, "not empty") != NULL, "%d: %s", _i,
                       error->message);
      assert_outside_is_unharmed ();
    }
}

TEST (test_links_of_an_earlier_copy_are_not_followed)
{
  static const Entry second[] = { { D, "a", NULL, 0700 },
                                  { R, "a/victim", "x", 0666 },
                                  { R, "b", "x", 0666 },
                                  { R, "c/d/new", "x", 0666 },
                                  { 0 } };
  static const char *const targets[] = { "a", "b", "c" };
  g_autofree char *file = in (dest, "a/victim");
  g_autofree char *victim = in (outside, "victim");
  struct stat st;

  for (gsize i = 0; i < G_N_ELEMENTS (targets); i++)
    {
      g_autofree char *path = in (dest, targets[i]);

      ck_assert_int_eq (symlink (*targets[i] == 'b' ? victim : outside, path), 0);
    }
  build (second, FALSE);
  assert_unpacks ();
  ck_assert_int_eq (lstat (file, &st), 0);
  ck_assert (S_ISREG (st.st_mode));
}

TEST (test_a_hard_link_in_the_way_is_cut)
{
  static const Entry entries[] = { { R, "a", "changed", 0600 }, { 0 } };
  g_autofree char *path = in (dest, "a");
  g_autofree char *victim = in (outside, "victim");

  ck_assert_int_eq (link (victim, path), 0);
  build (entries, FALSE);
  assert_unpacks ();
}

TEST (test_a_destination_behind_a_symlink_is_fine)
{
  static const Entry entries[] = { { D, ".", NULL, 0755 }, { R, "./a", "x", 0644 }, { 0 } };
  g_autofree char *link_path = in (base, "link");
  g_autofree char *through = in (link_path, "dest/");
  g_autofree char *path = in (dest, "a");

  ck_assert_int_eq (symlink (base, link_path), 0);
  build (entries, FALSE);
  ck_assert (vq_archive_reader_unpack (through, take, NULL, NULL));
  ck_assert (g_file_test (path, G_FILE_TEST_IS_REGULAR));
  ck_assert (g_file_test (link_path, G_FILE_TEST_IS_SYMLINK));
}

TEST (test_modes_and_owner)
{
  static const Entry entries[] = { { D, ".", NULL, 0777 },        { D, "d", NULL, 07777 },
                                   { R, "d/suid", "x", 06755 },   { R, "w", "x", 0666 },
                                   { R, "bin", "x", 0711 },       { D, "locked", NULL, 0555 },
                                   { R, "locked/in", "x", 0444 }, { 0 } };
  static const struct
  {
    const char *name;
    mode_t mode;
  } expected[] = {
    { "d", 0755 },   { "d/suid", 0755 }, { "w", 0644 },
    { "bin", 0711 }, { "locked", 0555 }, { "locked/in", 0444 },
  };
  struct stat top;

  build (entries, FALSE);
  assert_unpacks ();
  ck_assert_int_eq (lstat (dest, &top), 0);
  ck_assert_uint_eq (top.st_mode & 07777, 0755);
  for (gsize i = 0; i < G_N_ELEMENTS (expected); i++)
    {
      g_autofree char *path = in (dest, expected[i].name);
      struct stat st;

      ck_assert_int_eq (lstat (path, &st), 0);
      ck_assert_uint_eq (st.st_mode & 07777, expected[i].mode);
      ck_assert_uint_eq (st.st_uid, geteuid ());
      ck_assert_int_eq (st.st_mtim.tv_sec, 1000000000);
    }
}

TEST (test_special_files_are_left_out)
{
  Entry entries[] = { { AE_IFIFO, "fifo", NULL, 0644 },
                      { AE_IFCHR, "char", NULL, 0644 },
                      { AE_IFBLK, "block", NULL, 0644 },
                      { R, "file", "x", 0644 },
                      { 0 } };
  Entry many[21] = { 0 };
  g_autofree char *path = in (dest, "file");
  g_autoptr (GDir) dir = NULL;

  build (entries, FALSE);
  assert_unpacks ();
  ck_assert_uint_eq (n_messages, 3);
  ck_assert (g_file_test (path, G_FILE_TEST_IS_REGULAR));
  dir = g_dir_open (dest, 0, NULL);
  ck_assert_str_eq (g_dir_read_name (dir), "file");
  ck_assert_ptr_null (g_dir_read_name (dir));
  for (int i = 0; i < 20; i++)
    many[i] = entries[0];
  n_messages = 0;
  build (many, FALSE);
  assert_unpacks ();
  ck_assert_uint_eq (n_messages, 6);
}

TEST (test_a_name_longer_than_a_path_is_an_error)
{
  g_autoptr (GString) name = g_string_new ("a");
  g_autoptr (GError) error = NULL;
  Entry entries[] = { { R, NULL, "x", 0644 }, { 0 } };

  while (name->len < 200000)
    g_string_append (name, "/b");
  entries[0].name = name->str;
  build (entries, FALSE);
  ck_assert (!unpack (&error));
  ck_assert_msg (strstr (error->message, "too long") != NULL, "%s", error->message);
}

TEST_LOOP (test_every_truncation_is_noticed, 0, 4)
{
  static const Entry entries[]
      = { { D, "./", NULL, 0755 }, { R, "./a", "contents", 0644 }, { R, "./b", "", 0644 }, { 0 } };
  gsize content_end;

  build (entries, _i & 1);
  content_end = stream->len;
  while (content_end > 0 && stream->data[content_end - 1] == 0)
    content_end--;
  content_end = (content_end + 511) / 512 * 512 + 1024;
  chunk_size = _i < 2 ? 65536 : 511;
  for (gsize len = 0; len < content_end; len += len % 512 == 511 || len % 512 == 0 ? 1 : 255)
    {
      g_autoptr (GError) error = NULL;

      g_byte_array_set_size (stream, len);
      ck_assert_msg (!unpack (&error), "accepted %" G_GSIZE_FORMAT " bytes", len);
      ck_assert (g_error_matches (error, VQ_ERROR, VQ_ERROR_PEER));
      build (entries, _i & 1);
    }
  g_byte_array_set_size (stream, content_end);
  assert_unpacks ();
}

TEST (test_garbage)
{
  static const char *const starts[]
      = { "", "hello", "\037\213\010", "#!/bin/sh\n", "BZh9", "PK\003\004" };

  for (gsize i = 0; i < G_N_ELEMENTS (starts); i++)
    for (gsize size = 0; size <= 100000; size = size * 10 + 1)
      {
        g_autoptr (GError) error = NULL;

        g_byte_array_set_size (stream, 0);
        g_byte_array_append (stream, (const guint8 *)starts[i], strlen (starts[i]));
        for (gsize k = 0; k < size; k++)
          g_byte_array_append (stream, (const guint8 *)&"abcdefghi"[k * 7919 % 9], 1);
        ck_assert (!unpack (&error));
        ck_assert (g_error_matches (error, VQ_ERROR, VQ_ERROR_PEER));
        ck_assert_ptr_null (strchr (error->message, '\n'));
      }
}

TEST (test_an_archive_that_never_ends)
{
  static const Entry entries[] = { { D, "./", NULL, 0755 }, { 0 } };
  const gsize limit = 1024 * 1024;
  g_autoptr (GError) error = NULL;

  build (entries, FALSE);
  g_byte_array_set_size (stream, 512 + limit);
  memset (stream->data + 512, 0, limit);
  assert_unpacks ();
  g_byte_array_set_size (stream, 512 + limit + 1);
  stream->data[512 + limit] = 0;
  chunk_size = 512;
  ck_assert (!unpack (&error));
  ck_assert_msg (strstr (error->message, "no end") != NULL, "%s", error->message);
}

/* An entry in old GNU tar's format, whose map of holes goes on in block after block. Unpacking must
 * give up long before the end. */
static gsize n_given;

static void
fill_sparse_header (guint8 *block)
{
  static const struct
  {
    gsize at;
    const char *text;
  } fields[] = { { 0, "a" },
                 { 100, "0000644" },
                 { 108, "0000000" },
                 { 116, "0000000" },
                 { 124, "00000000000" },
                 { 136, "00000000000" },
                 { 148, "        " },
                 { 156, "S" },
                 { 257, "ustar  " },
                 { 386, "00000000000" },
                 { 398, "00000000001" },
                 { 482, "\001" },
                 { 483, "77777777777" } };
  guint sum = 0;

  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    memcpy (block + fields[i].at, fields[i].text, strlen (fields[i].text));
  for (int i = 0; i < 512; i++)
    sum += block[i];
  g_snprintf ((char *)block + 148, 8, "%06o", sum);
}

/* Pairs of offset and size, in rising order. */
static void
fill_sparse_map (guint8 *block)
{
  for (gsize i = 0; i < 21; i++)
    {
      g_snprintf ((char *)block + i * 24, 12, "%011o", (guint)(n_given / 512 * 42 + 2 * i));
      g_snprintf ((char *)block + i * 24 + 12, 12, "%011o", 1);
    }
  block[504] = 1;
}

static gssize
take_endless_map (gpointer data, void *buffer, gsize max, GError **error)
{
  gsize end = n_given + max / 512 * 512;

  /* The test must end even if there is no limit. */
  if (n_given > 64 * 1024 * 1024)
    return 0;
  memset (buffer, 0, max);
  for (guint8 *block = buffer; n_given < end; block += 512, n_given += 512)
    if (n_given == 0)
      fill_sparse_header (block);
    else
      fill_sparse_map (block);
  return max / 512 * 512;
}

TEST (test_a_header_that_never_ends)
{
  g_autoptr (GError) error = NULL;

  n_given = 0;
  ck_assert (!vq_archive_reader_unpack (dest, take_endless_map, NULL, &error));
  /* libarchive 3.8 sees that the map is wrong. */
  ck_assert_msg (strstr (error->message, "endless header") != NULL
                     || strstr (error->message, "Malformed sparse map") != NULL,
                 "%s", error->message);
  ck_assert (g_error_matches (error, VQ_ERROR, VQ_ERROR_PEER));
  ck_assert_uint_lt (n_given, 17 * 1024 * 1024);
}
