// SPDX-License-Identifier: GPL-2.0-or-later
#include "archive-setup.h"

#include "copy/archive-reader.h"
#include "copy/archive-writer.h"

#include <archive.h>
#include <check.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "leaks.h"

char *base;
char *dest;
char *outside;
GByteArray *stream;
gsize position;
gsize chunk_size;
guint n_messages;

const off_t sparse[5][4] = {
  { -1 }, { 0, -1 }, { (1 << 30) - 5, -1 }, { 0, 500 << 20, (1 << 30) - 5, -1 }, { 700 << 20, -1 },
};

static void
note_message (const char *domain, GLogLevelFlags level, const char *message, gpointer data)
{
  n_messages++;
}

char *
in (const char *directory, const char *name)
{
  return g_strconcat (directory, "/", name, NULL);
}

void
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

void
archive_setup (void)
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

void
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

void
archive_teardown (void)
{
  assert_outside_is_unharmed ();
  remove_tree (base);
  leaks_assert_none ();
  g_byte_array_unref (stream);
  g_clear_pointer (&base, g_free);
  g_clear_pointer (&dest, g_free);
  g_clear_pointer (&outside, g_free);
}

gboolean
append (gpointer data, const void *bytes, gsize len, GError **error)
{
  ck_assert_uint_le (len, 65536);
  g_byte_array_append (stream, bytes, len);
  return TRUE;
}

gssize
take (gpointer data, void *buffer, gsize max, GError **error)
{
  gsize n = MIN (MIN (max, chunk_size), stream->len - position);

  memcpy (buffer, stream->data + position, n);
  position += n;
  return n;
}

gboolean
unpack (GError **error)
{
  position = 0;
  return vq_archive_reader_unpack (dest, take, NULL, error);
}

void
assert_unpacks (void)
{
  g_autoptr (GError) error = NULL;

  ck_assert_msg (unpack (&error), "%s", error != NULL ? error->message : "");
}

void
assert_packs (const char *directory)
{
  g_autoptr (GError) error = NULL;

  g_byte_array_set_size (stream, 0);
  ck_assert_msg (vq_archive_writer_pack (directory, append, NULL, &error), "%s",
                 error != NULL ? error->message : "");
}

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

void
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

void
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
