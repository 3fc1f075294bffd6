// SPDX-License-Identifier: GPL-2.0-or-later
/* libarchive reads the stream; a tar program is not used because GNU tar, as root, makes
 * set-user-ID files and devices, and writes through symlinks that an earlier copy left. Nor does
 * libarchive write the files: it looks at all components of each path again and again, which costs
 * more than the rest together.
 *
 * Two guards keep names inside the directory, and each would be enough: every name (and target of a
 * hard link) is split and checked here, and the tree writer opens each component by itself and
 * follows no symlink. */
#include "copy/archive-reader.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "copy/tree-writer.h"

#define BLOCK_SIZE 131072
#define END_MARKER 1024 /* two blocks of zeros */
/* What may follow the end marker; tar itself pads to 10 KiB. */
#define PADDING_MAX (1024 * 1024)
/* The limit for one entry's header, with long names and the map of a sparse file. */
#define HEADER_MAX (16 * 1024 * 1024)
#define MESSAGES_MAX 5
#define NAME_SHOWN 200

typedef struct
{
  const char *directory; /* as the user wrote it, for messages; for a single file, its path */
  struct archive *archive;
  VqTreeWriter *tree;
  VqArchiveRead read;
  gpointer data;
  GError *error;      /* READ's error, which is better than what libarchive makes of it */
  gint64 n_read;      /* how many bytes were read */
  gsize n_zeros_last; /* how many bytes at the end were zero, at most END_MARKER */
  gint64 header_end; /* where the header that is being read must have ended; otherwise G_MAXINT64 */
  guint n_skipped;   /* how many entries were left out */
  char buffer[BLOCK_SIZE];
} Unpacker;

/* Counts the zeros at the end of what has been read. */
static void
count_zeros (Unpacker *unpacker, gsize n)
{
  gsize zeros = 0;

  while (zeros < n && zeros < END_MARKER && unpacker->buffer[n - 1 - zeros] == 0)
    zeros++;
  if (zeros == n)
    zeros = MIN (zeros + unpacker->n_zeros_last, END_MARKER);
  unpacker->n_zeros_last = zeros;
}

static gssize
next_block (Unpacker *unpacker)
{
  gssize n;

  if (unpacker->error != NULL)
    return -1;
  n = unpacker->read (unpacker->data, unpacker->buffer, BLOCK_SIZE, &unpacker->error);
  if (n > 0)
    {
      unpacker->n_read += n;
      count_zeros (unpacker, n);
    }
  return n;
}

static la_ssize_t
give_block (struct archive *archive, void *data, const void **bytes)
{
  Unpacker *unpacker = data;
  gssize n = -1;

  *bytes = unpacker->buffer;
  if (unpacker->n_read > unpacker->header_end)
    archive_set_error (archive, EINVAL, "an entry has an endless header");
  else if ((n = next_block (unpacker)) < 0)
    archive_set_error (archive, EIO, "cannot read");
  return n;
}

static char *
shown (const char *name)
{
  return vq_text_printable (name, strlen (name), NAME_SHOWN);
}

static gboolean
set_read_error (Unpacker *unpacker, GError **error)
{
  g_autofree char *text = NULL;

  if (unpacker->error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&unpacker->error));
      return FALSE;
    }
  text = shown (archive_error_string (unpacker->archive) ?: "unknown error");
  return vq_error_set (error, VQ_ERROR_PEER, "bad archive from the guest: %s", text);
}

/* Sets an error from errno, for NAME in the directory. */
static gboolean
set_disk_error (Unpacker *unpacker, const char *name, GError **error)
{
  int errnum = errno;
  g_autofree char *path = g_build_filename (unpacker->directory, name, NULL);
  g_autofree char *text = shown (path);

  return vq_error_set_errno (error, errnum, "cannot unpack %s", text);
}

/* Sets *CLEAN (transfer full) to the NAME of an entry as a clean path below the directory. Fails if
 * NAME is absolute or contains "..". The directory itself, which is "." in an archive, becomes the
 * empty name. */
static gboolean
inside (Unpacker *unpacker, const char *name, char **clean, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (name == NULL ? "" : name, "/", -1);
  g_autoptr (GString) path = g_string_new (NULL);
  gboolean escapes = name == NULL || *name == '\0' || *name == '/';

  for (char **part = parts; *part != NULL; part++)
    {
      if (strcmp (*part, "..") == 0)
        escapes = TRUE;
      if (**part == '\0' || strcmp (*part, ".") == 0)
        continue;
      if (path->len > 0)
        g_string_append_c (path, '/');
      g_string_append (path, *part);
    }
  /* A longer path could not be used. */
  if (strlen (unpacker->directory) + path->len + 1 >= PATH_MAX)
    return vq_error_set (error, VQ_ERROR_FAILED, "a name from the guest is too long for %s",
                         unpacker->directory);
  if (escapes)
    {
      g_autofree char *text = shown (name == NULL ? "" : name);

      return vq_error_set (error, VQ_ERROR_PEER, "refused the name \"%s\" from the guest", text);
    }
  *clean = g_string_free (g_steal_pointer (&path), FALSE);
  return TRUE;
}

/* Reports that ENTRY is left out. The number of such messages is limited, because the guest could
 * flood the log. */
static void
skip_entry (Unpacker *unpacker, struct archive_entry *entry)
{
  g_autofree char *name = shown (archive_entry_pathname (entry) ?: "");

  if (++unpacker->n_skipped <= MESSAGES_MAX)
    g_message ("copyup: left out %s: it is neither file, directory nor link", name);
}

static gboolean
kind_is_wanted (struct archive_entry *entry)
{
  switch (archive_entry_filetype (entry))
    {
    case AE_IFREG:
    case AE_IFDIR:
    case AE_IFLNK:
      return TRUE;
    default:
      return archive_entry_hardlink (entry) != NULL;
    }
}

/* Writes the contents of the current entry to FD, which is empty. SIZE includes the entry's
 * holes. */
static gboolean
unpack_contents (Unpacker *unpacker, const char *name, gint64 size, int fd, GError **error)
{
  const void *bytes;
  size_t len;
  la_int64_t offset;
  gint64 end = 0;
  int result;

  while ((result = archive_read_data_block (unpacker->archive, &bytes, &len, &offset)) == ARCHIVE_OK
         || result == ARCHIVE_WARN)
    {
      if (lseek (fd, offset, SEEK_SET) < 0 || !vq_fd_write_all (fd, bytes, len))
        return set_disk_error (unpacker, name, error);
      end = MAX (end, offset + (gint64)len);
    }
  if (result != ARCHIVE_EOF)
    return set_read_error (unpacker, error);
  if (end < size && ftruncate (fd, size) != 0)
    return set_disk_error (unpacker, name, error);
  return TRUE;
}

static gboolean
unpack_file (Unpacker *unpacker, struct archive_entry *entry, const char *name, GError **error)
{
  const struct timespec times[2]
      = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = archive_entry_mtime (entry) } };
  vq_autofd int fd
      = vq_tree_writer_add_file (unpacker->tree, name, archive_entry_perm (entry) & 0777);

  if (fd < 0)
    return set_disk_error (unpacker, name, error);
  if (!unpack_contents (unpacker, name, archive_entry_size (entry), fd, error))
    return FALSE;
  /* Some file systems (NFS, quotas) report a full disk only when the file is closed. */
  return (futimens (fd, times) == 0 && close (g_steal_fd (&fd)) == 0)
         || set_disk_error (unpacker, name, error);
}

/* If contents come with a hard link, they are skipped, because they would be written to the
 * existing file. */
static gboolean
unpack_link (Unpacker *unpacker, struct archive_entry *entry, const char *name, GError **error)
{
  g_autofree char *old = NULL;

  if (!inside (unpacker, archive_entry_hardlink (entry), &old, error))
    return FALSE;
  if (!vq_tree_writer_add_link (unpacker->tree, name, old))
    return set_disk_error (unpacker, name, error);
  return TRUE;
}

/* The Python server keeps all mode bits. We do not, because if we run as root, a set-user-ID file
 * from the guest would let any user of the host become root. */
static gboolean
unpack_as (Unpacker *unpacker, struct archive_entry *entry, const char *name, GError **error)
{
  mode_t mode = archive_entry_perm (entry) & 0777;
  time_t mtime = archive_entry_mtime (entry);

  if (archive_entry_hardlink (entry) != NULL)
    return unpack_link (unpacker, entry, name, error);
  if (archive_entry_filetype (entry) == AE_IFREG)
    return unpack_file (unpacker, entry, name, error);
  if (archive_entry_filetype (entry) == AE_IFDIR
          ? vq_tree_writer_add_directory (unpacker->tree, name, mode, mtime)
          : vq_tree_writer_add_symlink (unpacker->tree, name, archive_entry_symlink (entry) ?: "",
                                        mtime))
    return TRUE;
  return set_disk_error (unpacker, name, error);
}

static gboolean
unpack_entry (Unpacker *unpacker, struct archive_entry *entry, GError **error)
{
  g_autofree char *name = NULL;

  if (!kind_is_wanted (entry))
    {
      skip_entry (unpacker, entry);
      return TRUE;
    }
  if (!inside (unpacker, archive_entry_pathname (entry), &name, error))
    return FALSE;
  /* The directory itself must stay a directory. */
  if (*name == '\0'
      && (archive_entry_hardlink (entry) != NULL || archive_entry_filetype (entry) != AE_IFDIR))
    return vq_error_set (error, VQ_ERROR_PEER, "the archive from the guest replaces its top");
  return unpack_as (unpacker, entry, name, error);
}

/* To be called after the last entry. libarchive takes a stream that stops between two entries for a
 * complete one, so the end marker is checked here. Reads to the end of the stream, so that a tar
 * that is still writing padding does not get SIGPIPE. */
static gboolean
check_end_marker (Unpacker *unpacker, GError **error)
{
  gint64 entries_end = archive_read_header_position (unpacker->archive);
  gssize n;

  while ((n = next_block (unpacker)) > 0)
    if (unpacker->n_read - entries_end > PADDING_MAX)
      return vq_error_set (error, VQ_ERROR_PEER, "bad archive from the guest: no end");
  if (n < 0)
    return set_read_error (unpacker, error);
  if (unpacker->n_read - entries_end < END_MARKER || unpacker->n_zeros_last < END_MARKER)
    return vq_error_set (error, VQ_ERROR_PEER, "the archive from the guest is cut short");
  return TRUE;
}

/* Reads the next header. Returns ARCHIVE_EOF after the last one. */
static int
next_header (Unpacker *unpacker, struct archive_entry **entry)
{
  int result;

  unpacker->header_end = unpacker->n_read + HEADER_MAX;
  result = archive_read_next_header (unpacker->archive, entry);
  unpacker->header_end = G_MAXINT64;
  return result;
}

/* Skips the rest of an entry, because the limit for the next header must not count it. */
static gboolean
skip_rest (Unpacker *unpacker, GError **error)
{
  if (archive_read_data_skip (unpacker->archive) < ARCHIVE_WARN)
    return set_read_error (unpacker, error);
  return TRUE;
}

static gboolean
unpack_entries (Unpacker *unpacker, GError **error)
{
  struct archive_entry *entry;
  int result;

  while ((result = next_header (unpacker, &entry)) == ARCHIVE_OK || result == ARCHIVE_WARN)
    if (!unpack_entry (unpacker, entry, error) || !skip_rest (unpacker, error))
      return FALSE;
  if (result != ARCHIVE_EOF)
    return set_read_error (unpacker, error);
  if (unpacker->n_skipped > MESSAGES_MAX)
    g_message ("copyup: left out %u more", unpacker->n_skipped - MESSAGES_MAX);
  if (!vq_tree_writer_end (unpacker->tree))
    return set_disk_error (unpacker, "", error);
  return check_end_marker (unpacker, error);
}

/* Unpacks the only entry, which must be a plain file. */
static gboolean
unpack_only_entry (Unpacker *unpacker, int fd, GError **error)
{
  struct archive_entry *entry;
  int result = next_header (unpacker, &entry);

  if (result != ARCHIVE_OK && result != ARCHIVE_WARN && result != ARCHIVE_EOF)
    return set_read_error (unpacker, error);
  if (result == ARCHIVE_EOF || archive_entry_filetype (entry) != AE_IFREG
      || archive_entry_hardlink (entry) != NULL)
    return vq_error_set (error, VQ_ERROR_PEER, "no file in the archive from the guest");
  if (!unpack_contents (unpacker, "", archive_entry_size (entry), fd, error)
      || !skip_rest (unpacker, error))
    return FALSE;
  result = next_header (unpacker, &entry);
  if (result == ARCHIVE_OK || result == ARCHIVE_WARN)
    return vq_error_set (error, VQ_ERROR_PEER, "more than a file in the archive from the guest");
  if (result != ARCHIVE_EOF)
    return set_read_error (unpacker, error);
  return check_end_marker (unpacker, error);
}

static Unpacker *
unpacker_new (const char *directory, VqArchiveRead read, gpointer data)
{
  Unpacker *unpacker = g_new0 (Unpacker, 1);

  unpacker->directory = directory;
  unpacker->read = read;
  unpacker->data = data;
  unpacker->header_end = G_MAXINT64;
  unpacker->archive = archive_read_new ();
  return unpacker;
}

static void
unpacker_free (Unpacker *unpacker)
{
  vq_tree_writer_free (unpacker->tree);
  archive_read_free (unpacker->archive);
  g_clear_error (&unpacker->error);
  g_free (unpacker);
}

/* Accepts only tar, without compression, because the tar in the guest sends nothing else. */
static gboolean
start_reading (Unpacker *unpacker, GError **error)
{
  if (archive_read_support_format_tar (unpacker->archive) != ARCHIVE_OK
      || archive_read_open (unpacker->archive, unpacker, NULL, give_block, NULL) != ARCHIVE_OK)
    return set_read_error (unpacker, error);
  return TRUE;
}

gboolean
vq_archive_reader_unpack (const char *directory, VqArchiveRead read, gpointer data, GError **error)
{
  Unpacker *unpacker = unpacker_new (directory, read, data);
  gboolean unpacked;

  unpacker->tree = vq_tree_writer_new (directory);
  if (unpacker->tree == NULL)
    unpacked = set_disk_error (unpacker, "", error);
  else
    unpacked = start_reading (unpacker, error) && unpack_entries (unpacker, error);
  unpacker_free (unpacker);
  return unpacked;
}

gboolean
vq_archive_reader_unpack_file (int fd, const char *path, VqArchiveRead read, gpointer data,
                               GError **error)
{
  Unpacker *unpacker = unpacker_new (path, read, data);
  gboolean unpacked = start_reading (unpacker, error) && unpack_only_entry (unpacker, fd, error);

  unpacker_free (unpacker);
  return unpacked;
}
