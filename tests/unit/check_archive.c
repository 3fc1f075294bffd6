// SPDX-License-Identifier: GPL-2.0-or-later
#include "archive-reader.h"
#include "archive-writer.h"

#include <archive.h>
#include <archive_entry.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "error.h"
#include "leaks.h"

static char *base;    /* holds all that follows */
static char *dest;    /* what is unpacked into */
static char *outside; /* must stay as it is: one file, "victim" */
static GByteArray *stream;
static gsize position;   /* of the reader */
static gsize chunk_size; /* of its reads */
static guint n_messages;

static void
note_message (const char *domain, GLogLevelFlags level, const char *message, gpointer data)
{
  n_messages++;
}

static char *
in (const char *directory, const char *name)
{
  return g_strconcat (directory, "/", name, NULL);
}

static void
put_file (const char *path, const char *text, mode_t mode)
{
  int fd = open (path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

  ck_assert_int_eq (write (fd, text, strlen (text)), strlen (text));
  close (fd);
  ck_assert_int_eq (chmod (path, mode), 0);
}

static void
remove_tree (const char *path)
{
  const char *const argv[] = { "rm", "-rf", "--", path, NULL };
  const char *const chmod_argv[] = { "chmod", "-R", "u+rwx", "--", path, NULL };

  g_spawn_sync (NULL, (char **)chmod_argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL,
                NULL);
  g_spawn_sync (NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL);
}

static void
setup (void)
{
  g_autofree char *victim = NULL;

  leaks_begin ();
  umask (022);
  base = g_dir_make_tmp ("check-archive-XXXXXX", NULL);
  dest = in (base, "dest");
  outside = in (base, "outside");
  ck_assert_int_eq (mkdir (dest, 0755), 0);
  ck_assert_int_eq (mkdir (outside, 0755), 0);
  victim = in (outside, "victim");
  put_file (victim, "unharmed", 0644);
  stream = g_byte_array_sized_new (1);
  position = 0;
  chunk_size = 65536;
  n_messages = 0;
  g_log_set_handler (G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, note_message, NULL);
}

static void
assert_outside_is_unharmed (void)
{
  g_autofree char *victim = in (outside, "victim");
  g_autofree char *text = NULL;
  g_autoptr (GDir) dir = g_dir_open (outside, 0, NULL);
  struct stat st;

  ck_assert_ptr_nonnull (dir);
  ck_assert_str_eq (g_dir_read_name (dir), "victim");
  ck_assert_ptr_null (g_dir_read_name (dir));
  ck_assert (g_file_get_contents (victim, &text, NULL, NULL));
  ck_assert_str_eq (text, "unharmed");
  ck_assert_int_eq (lstat (victim, &st), 0);
  ck_assert_uint_eq (st.st_mode & 07777, 0644);
  ck_assert_uint_eq (st.st_nlink, 1);
  ck_assert_int_eq (lstat (outside, &st), 0);
  ck_assert_uint_eq (st.st_mode & 07777, 0755);
}

static void
teardown (void)
{
  assert_outside_is_unharmed ();
  remove_tree (base);
  leaks_assert_none ();
  g_byte_array_unref (stream);
  g_clear_pointer (&base, g_free);
  g_clear_pointer (&dest, g_free);
  g_clear_pointer (&outside, g_free);
}

static gboolean
append (gpointer data, const void *bytes, gsize len, GError **error)
{
  ck_assert_uint_le (len, 65536);
  g_byte_array_append (stream, bytes, len);
  return TRUE;
}

static gssize
take (gpointer data, void *buffer, gsize max, GError **error)
{
  gsize n = MIN (MIN (max, chunk_size), stream->len - position);

  memcpy (buffer, stream->data + position, n);
  position += n;
  return n;
}

static gboolean
unpack (GError **error)
{
  position = 0;
  return vq_archive_unpack (dest, take, NULL, error);
}

static void
assert_unpacks (void)
{
  g_autoptr (GError) error = NULL;

  ck_assert_msg (unpack (&error), "%s", error != NULL ? error->message : "");
}

static void
assert_packs (const char *directory)
{
  g_autoptr (GError) error = NULL;

  g_byte_array_set_size (stream, 0);
  ck_assert_msg (vq_archive_pack (directory, append, NULL, &error), "%s",
                 error != NULL ? error->message : "");
}

/* ---- archives built by hand ---- */

typedef struct
{
  mode_t type; /* AE_IF*, 0: hard link; of the name, ... */
  const char *name;
  const char *more; /* ...contents or target; %s is the outside directory */
  mode_t mode;
} Entry;

static void
write_entry (struct archive *archive, const Entry *e)
{
  struct archive_entry *entry = archive_entry_new ();
  g_auto (GStrv) name_parts = g_strsplit (e->name, "%s", 2);
  g_auto (GStrv) more_parts = g_strsplit (e->more == NULL ? "" : e->more, "%s", 2);
  g_autofree char *name = g_strjoinv (outside, name_parts);
  g_autofree char *more = g_strjoinv (outside, more_parts);

  archive_entry_copy_pathname (entry, name);
  archive_entry_set_filetype (entry, e->type == 0 ? AE_IFREG : e->type);
  archive_entry_set_perm (entry, e->mode);
  archive_entry_set_mtime (entry, 1000000000, 0);
  if (e->type == 0)
    archive_entry_copy_hardlink (entry, more);
  else if (e->type == AE_IFLNK)
    archive_entry_copy_symlink (entry, more);
  else if (e->type == AE_IFREG)
    archive_entry_set_size (entry, strlen (more));
  ck_assert_int_ge (archive_write_header (archive, entry), ARCHIVE_WARN);
  if (e->type == AE_IFREG)
    archive_write_data (archive, more, strlen (more));
  archive_entry_free (entry);
}

static la_ssize_t
append_block (struct archive *archive, void *data, const void *bytes, size_t len)
{
  g_byte_array_append (stream, bytes, len);
  return len;
}

/* ENTRIES end with one that has no name. */
static void
build (const Entry *entries, gboolean pax)
{
  struct archive *archive = archive_write_new ();

  g_byte_array_set_size (stream, 0);
  if (pax)
    archive_write_set_format_pax (archive);
  else
    archive_write_set_format_gnutar (archive);
  archive_write_open (archive, NULL, NULL, append_block, NULL);
  for (; entries->name != NULL; entries++)
    write_entry (archive, entries);
  ck_assert_int_eq (archive_write_free (archive), ARCHIVE_OK);
}

#define R AE_IFREG
#define D AE_IFDIR
#define L AE_IFLNK

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
  /* the link's target is looked for behind a symlink */
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

START_TEST (test_hostile_archives)
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
END_TEST

START_TEST (test_links_of_an_earlier_copy_are_not_followed)
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
END_TEST

START_TEST (test_a_hard_link_in_the_way_is_cut)
{
  static const Entry entries[] = { { R, "a", "changed", 0600 }, { 0 } };
  g_autofree char *path = in (dest, "a");
  g_autofree char *victim = in (outside, "victim");

  ck_assert_int_eq (link (victim, path), 0);
  build (entries, FALSE);
  assert_unpacks ();
}
END_TEST

START_TEST (test_a_destination_behind_a_symlink_is_fine)
{
  static const Entry entries[] = { { D, ".", NULL, 0755 }, { R, "./a", "x", 0644 }, { 0 } };
  g_autofree char *link_path = in (base, "link");
  g_autofree char *through = in (link_path, "dest/");
  g_autofree char *path = in (dest, "a");

  ck_assert_int_eq (symlink (base, link_path), 0);
  build (entries, FALSE);
  ck_assert (vq_archive_unpack (through, take, NULL, NULL));
  ck_assert (g_file_test (path, G_FILE_TEST_IS_REGULAR));
  ck_assert (g_file_test (link_path, G_FILE_TEST_IS_SYMLINK));
}
END_TEST

START_TEST (test_modes_and_owner)
{
  static const Entry entries[]
      = { { D, "d", NULL, 07777 },     { R, "d/suid", "x", 06755 },   { R, "w", "x", 0666 },
          { D, "locked", NULL, 0555 }, { R, "locked/in", "x", 0444 }, { 0 } };
  static const struct
  {
    const char *name;
    mode_t mode;
  } expected[] = {
    { "d", 0777 }, { "d/suid", 0755 }, { "w", 0666 }, { "locked", 0555 }, { "locked/in", 0444 }
  };

  build (entries, FALSE);
  assert_unpacks ();
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
END_TEST

START_TEST (test_special_files_are_left_out)
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
END_TEST

START_TEST (test_a_name_longer_than_a_path_is_an_error)
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
END_TEST

START_TEST (test_every_truncation_is_noticed)
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
END_TEST

START_TEST (test_garbage)
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
END_TEST

START_TEST (test_an_archive_that_never_ends)
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
END_TEST

/* ---- round trips ---- */

static void
assert_same_contents (const char *one, const char *two)
{
  g_autoptr (GMappedFile) a = g_mapped_file_new (one, FALSE, NULL);
  g_autoptr (GMappedFile) b = g_mapped_file_new (two, FALSE, NULL);

  ck_assert_msg (a != NULL && b != NULL, "%s", one);
  ck_assert_uint_eq (g_mapped_file_get_length (a), g_mapped_file_get_length (b));
  if (g_mapped_file_get_length (a) > 0)
    ck_assert_msg (memcmp (g_mapped_file_get_contents (a), g_mapped_file_get_contents (b),
                           g_mapped_file_get_length (a))
                       == 0,
                   "%s", one);
}

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

/* A tree with everything that goes both ways. Gives its path (transfer full). */
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

  ck_assert_int_eq (mkdir (tree, 0750), 0);
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

START_TEST (test_round_trip)
{
  g_autofree char *tree = make_tree ();

  chunk_size = _i;
  assert_packs (tree);
  assert_unpacks ();
  set_old (dest);
  assert_same (tree, dest);
}
END_TEST

START_TEST (test_merging)
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
END_TEST

/* Offsets of the data in a file of 1 GiB; -1 ends. */
static const off_t sparse[][4] = {
  { -1 }, { 0, -1 }, { (1 << 30) - 5, -1 }, { 0, 500 << 20, (1 << 30) - 5, -1 }, { 700 << 20, -1 },
};

START_TEST (test_sparse_files)
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
END_TEST

/* ---- one file ---- */

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
  ck_assert_msg (vq_archive_pack_file (fd, path, "new\nname \377", 0640, append, NULL, &error),
                 "%s", error != NULL ? error->message : "");
  close (fd);
}

static gboolean
unpack_file (const char *path, GError **error)
{
  int fd = open_new (path);
  gboolean unpacked;

  position = 0;
  unpacked = vq_archive_unpack_file (fd, path, take, NULL, error);
  close (fd);
  return unpacked;
}

START_TEST (test_one_file)
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
      /* For a tar, it has the name and the mode that were asked for. */
      assert_unpacks ();
      assert_same_contents (from, as);
      ck_assert_int_eq (lstat (as, &st), 0);
      ck_assert_uint_eq (st.st_mode, S_IFREG | 0640);
    }
}
END_TEST

START_TEST (test_one_sparse_file)
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
END_TEST

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

START_TEST (test_what_is_not_one_file)
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
END_TEST

START_TEST (test_one_file_in_trouble)
{
  g_autofree char *from = in (base, "from");
  g_autofree char *to = in (base, "to");
  g_autoptr (GError) error = NULL;
  int fd;

  put_file (from, "some text", 0644);
  assert_file_packs (from);
  /* Its size ends with the contents' block and two blocks of zeros. */
  for (gsize len = stream->len; len > 0; len -= MIN (len, 100))
    {
      g_byte_array_set_size (stream, len - 1);
      ck_assert_msg (!unpack_file (to, NULL), "%" G_GSIZE_FORMAT " bytes", len - 1);
    }
  assert_file_packs (from);
  position = 0;
  fd = open ("/dev/full", O_WRONLY | O_CLOEXEC);
  ck_assert (!vq_archive_unpack_file (fd, "/dev/full", take, NULL, &error));
  ck_assert_str_eq (error->message, "cannot unpack /dev/full: No space left on device");
  close (fd);
  g_clear_error (&error);
  fd = open (from, O_WRONLY | O_CLOEXEC);
  ck_assert (!vq_archive_pack_file (fd, from, "x", 0644, append, NULL, &error));
  ck_assert (g_str_has_prefix (error->message, "cannot read "));
  ck_assert (g_str_has_suffix (error->message, "/from: Bad file descriptor"));
  close (fd);
}
END_TEST

START_TEST (test_sockets_are_left_out)
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
END_TEST

START_TEST (test_what_cannot_be_packed)
{
  g_autofree char *missing = in (base, "missing");
  g_autofree char *tree = in (base, "tree");
  g_autofree char *secret = in (tree, "secret");
  g_autoptr (GError) error = NULL;

  ck_assert (!vq_archive_pack (missing, append, NULL, &error));
  ck_assert_ptr_nonnull (strstr (error->message, "missing: No such file"));
  g_clear_error (&error);
  ck_assert_int_eq (mkdir (tree, 0755), 0);
  put_file (secret, "x", 0);
  if (geteuid () != 0)
    {
      ck_assert (!vq_archive_pack (tree, append, NULL, &error));
      ck_assert_ptr_nonnull (strstr (error->message, "secret: Permission denied"));
      assert_outside_is_unharmed ();
      ck_assert (!unpack (NULL));
    }
}
END_TEST

static gboolean
refuse (gpointer data, const void *bytes, gsize len, GError **error)
{
  return vq_set_error (error, VQ_ERROR_CANCELLED, "no more");
}

static gssize
refuse_read (gpointer data, void *buffer, gsize max, GError **error)
{
  if (position > 0)
    {
      vq_set_error (error, VQ_ERROR_TIMEOUT, "no more");
      return -1;
    }
  return take (data, buffer, MIN (max, 700), error);
}

START_TEST (test_errors_of_the_stream_come_through)
{
  g_autofree char *tree = make_tree ();
  g_autoptr (GError) error = NULL;

  ck_assert (!vq_archive_pack (tree, refuse, NULL, &error));
  ck_assert (vq_error_is_cancelled (error));
  g_clear_error (&error);
  assert_packs (tree);
  position = 0;
  ck_assert (!vq_archive_unpack (dest, refuse_read, NULL, &error));
  ck_assert (vq_error_is_timeout (error));
}
END_TEST

static Suite *
archive_suite (void)
{
  Suite *suite = suite_create ("archive");
  TCase *guest = tcase_create ("from a hostile guest");
  TCase *both = tcase_create ("both ways");

  tcase_add_checked_fixture (guest, setup, teardown);
  tcase_set_timeout (guest, 60);
  tcase_add_loop_test (guest, test_hostile_archives, 0, G_N_ELEMENTS (hostile));
  tcase_add_test (guest, test_links_of_an_earlier_copy_are_not_followed);
  tcase_add_test (guest, test_a_hard_link_in_the_way_is_cut);
  tcase_add_test (guest, test_a_destination_behind_a_symlink_is_fine);
  tcase_add_test (guest, test_modes_and_owner);
  tcase_add_test (guest, test_special_files_are_left_out);
  tcase_add_test (guest, test_a_name_longer_than_a_path_is_an_error);
  tcase_add_loop_test (guest, test_every_truncation_is_noticed, 0, 4);
  tcase_add_test (guest, test_garbage);
  tcase_add_test (guest, test_an_archive_that_never_ends);
  suite_add_tcase (suite, guest);
  tcase_add_checked_fixture (both, setup, teardown);
  tcase_set_timeout (both, 60);
  tcase_add_loop_test (both, test_round_trip, 1, 3);
  tcase_add_loop_test (both, test_round_trip, 511, 514);
  tcase_add_loop_test (both, test_round_trip, 65535, 65537);
  tcase_add_test (both, test_merging);
  tcase_add_loop_test (both, test_sparse_files, 0, G_N_ELEMENTS (sparse));
  tcase_add_test (both, test_one_file);
  tcase_add_loop_test (both, test_one_sparse_file, 0, G_N_ELEMENTS (sparse));
  tcase_add_loop_test (both, test_what_is_not_one_file, 0, G_N_ELEMENTS (not_one_file));
  tcase_add_test (both, test_one_file_in_trouble);
  tcase_add_test (both, test_sockets_are_left_out);
  tcase_add_test (both, test_what_cannot_be_packed);
  tcase_add_test (both, test_errors_of_the_stream_come_through);
  suite_add_tcase (suite, both);
  return suite;
}

int
main (void)
{
  SRunner *runner = srunner_create (archive_suite ());
  int failed;

  srunner_run_all (runner, CK_ENV);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
