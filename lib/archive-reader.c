// SPDX-License-Identifier: GPL-2.0-or-later
/* libarchive reads the stream and writes the files; a tar program is not used because GNU tar, as
 * root, makes set-user-ID files and devices, and writes through symlinks that an earlier copy left.
 *
 * Two guards, each sufficient: every name (and hard link target) is taken apart here and must stay
 * below the directory; and libarchive looks at each component before it goes through it and
 * removes symlinks (SECURE_SYMLINKS with UNLINK). The names given to libarchive are absolute, so
 * that the server need not chdir while it serves others; the directory is resolved first, because
 * symlinks on the way to it are the user's own. */
#include "archive-reader.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "error.h"
#include "text.h"

#define BLOCK_SIZE 131072
#define END_MARKER 1024 /* two blocks of zeros */
#define PADDING_MAX                                                                                \
  (1024 * 1024) /* of what may follow the end marker; tar itself pads to 10 KiB                    \
                 */
#define HEADER_MAX (16 * 1024 * 1024) /* of one entry: long names, the map of a sparse file */
#define DIRECTORIES_MAX 1000000       /* libarchive keeps their modes and times until the end */
#define MESSAGES_MAX 5
#define NAME_SHOWN 200

typedef struct
{
  char *directory; /* resolved */
  struct archive *archive;
  struct archive *disk;
  VqArchiveRead read;
  gpointer data;
  GError *error;      /* of READ; it wins over what libarchive makes of it */
  gint64 n_read;      /* bytes */
  gsize n_zeros_last; /* how many of the last bytes were zero, at most END_MARKER */
  gint64 header_end;  /* while a header is read: how far it may go, else G_MAXINT64 */
  guint n_directories;
  guint n_skipped; /* entries that were left out */
  char buffer[BLOCK_SIZE];
} Unpacker;

/* Keeps count of the zeros that the stream ends with. */
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
  return vq_set_error (error, VQ_ERROR_PEER, "bad archive from the guest: %s", text);
}

static gboolean
set_disk_error (Unpacker *unpacker, struct archive_entry *entry, GError **error)
{
  const char *path = entry == NULL ? unpacker->directory : archive_entry_pathname (entry);
  const char *why = archive_error_string (unpacker->disk);
  int errnum = archive_errno (unpacker->disk);
  g_autofree char *name = shown (path);
  /* libarchive's own words ("Can't create '/x'") lack the reason. */
  g_autofree char *text = shown (errnum > 0 || why == NULL ? g_strerror (errnum) : why);

  return vq_set_error (error, VQ_ERROR_FAILED, "cannot unpack %s: %s", name, text);
}

/* NAME as a clean path below the directory, in *PATH (transfer full); fails if it is absolute or
 * steps up. The directory itself is the empty NAME: "." in an archive. */
static gboolean
inside (Unpacker *unpacker, const char *name, char **path, GError **error)
{
  g_auto (GStrv) parts = NULL;
  g_autoptr (GString) clean = g_string_new (unpacker->directory);
  gboolean escapes = name == NULL || *name == '\0' || *name == '/';

  parts = g_strsplit (name == NULL ? "" : name, "/", -1);
  for (char **part = parts; *part != NULL; part++)
    {
      if (strcmp (*part, "..") == 0)
        escapes = TRUE;
      if (**part == '\0' || strcmp (*part, ".") == 0)
        continue;
      if (clean->len > 1)
        g_string_append_c (clean, '/');
      g_string_append (clean, *part);
    }
  /* libarchive would chdir to reach longer ones. */
  if (clean->len >= PATH_MAX)
    return vq_set_error (error, VQ_ERROR_FAILED, "a name from the guest is too long for %s",
                         unpacker->directory);
  if (escapes)
    {
      g_autofree char *text = shown (name == NULL ? "" : name);

      return vq_set_error (error, VQ_ERROR_PEER, "refused the name \"%s\" from the guest", text);
    }
  *path = g_string_free (g_steal_pointer (&clean), FALSE);
  return TRUE;
}

/* Notes that ENTRY is left out; a guest may not flood the log with it. */
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

/* Makes ENTRY harmless: its names point inside, its mode has permission bits only. */
static gboolean
tame_entry (Unpacker *unpacker, struct archive_entry *entry, GError **error)
{
  g_autofree char *path = NULL;
  g_autofree char *target = NULL;

  if (!inside (unpacker, archive_entry_pathname (entry), &path, error))
    return FALSE;
  if (archive_entry_hardlink (entry) != NULL)
    {
      if (!inside (unpacker, archive_entry_hardlink (entry), &target, error))
        return FALSE;
      archive_entry_copy_hardlink (entry, target);
      /* Contents would be written into a file that was there before us. */
      archive_entry_unset_size (entry);
    }
  /* The directory itself may get the guest's mode, but not become something else. */
  if (strcmp (path, unpacker->directory) == 0
      && (target != NULL || archive_entry_filetype (entry) != AE_IFDIR))
    return vq_set_error (error, VQ_ERROR_PEER, "the archive from the guest replaces its top");
  archive_entry_copy_pathname (entry, path);
  /* The Python server keeps all mode bits. We do not: if we run as root, a set-user-ID file made
   * by the guest would be a way to become root for any user of this machine. */
  archive_entry_set_perm (entry, archive_entry_perm (entry) & 0777);
  return TRUE;
}

static gboolean
unpack_contents (Unpacker *unpacker, struct archive_entry *entry, GError **error)
{
  const void *bytes;
  size_t len;
  la_int64_t offset;
  int result;

  while ((result = archive_read_data_block (unpacker->archive, &bytes, &len, &offset)) == ARCHIVE_OK
         || result == ARCHIVE_WARN)
    if (archive_write_data_block (unpacker->disk, bytes, len, offset) < ARCHIVE_WARN)
      return set_disk_error (unpacker, entry, error);
  if (result != ARCHIVE_EOF)
    return set_read_error (unpacker, error);
  return TRUE;
}

static gboolean
unpack_entry (Unpacker *unpacker, struct archive_entry *entry, GError **error)
{
  if (!kind_is_wanted (entry))
    {
      skip_entry (unpacker, entry);
      return TRUE;
    }
  if (!tame_entry (unpacker, entry, error))
    return FALSE;
  if (archive_entry_filetype (entry) == AE_IFDIR && ++unpacker->n_directories > DIRECTORIES_MAX)
    return vq_set_error (error, VQ_ERROR_PEER, "too many directories from the guest");
  if (archive_write_header (unpacker->disk, entry) < ARCHIVE_WARN)
    return set_disk_error (unpacker, entry, error);
  if (archive_entry_hardlink (entry) == NULL && archive_entry_filetype (entry) == AE_IFREG
      && !unpack_contents (unpacker, entry, error))
    return FALSE;
  if (archive_write_finish_entry (unpacker->disk) < ARCHIVE_WARN)
    return set_disk_error (unpacker, entry, error);
  return TRUE;
}

/* After the last entry: libarchive takes a stream that just stops between two entries for a
 * complete one. Reads on to the end, so that a tar that still pads does not get SIGPIPE. */
static gboolean
check_end_marker (Unpacker *unpacker, GError **error)
{
  gint64 entries_end = archive_read_header_position (unpacker->archive);
  gssize n;

  while ((n = next_block (unpacker)) > 0)
    if (unpacker->n_read - entries_end > PADDING_MAX)
      return vq_set_error (error, VQ_ERROR_PEER, "bad archive from the guest: no end");
  if (n < 0)
    return set_read_error (unpacker, error);
  if (unpacker->n_read - entries_end < END_MARKER || unpacker->n_zeros_last < END_MARKER)
    return vq_set_error (error, VQ_ERROR_PEER, "the archive from the guest is cut short");
  return TRUE;
}

/* The next header; ARCHIVE_EOF after the last one. */
static int
next_header (Unpacker *unpacker, struct archive_entry **entry)
{
  int result;

  unpacker->header_end = unpacker->n_read + HEADER_MAX;
  result = archive_read_next_header (unpacker->archive, entry);
  unpacker->header_end = G_MAXINT64;
  return result;
}

/* The rest of an entry must be gone before the next header, which has a limit. */
static gboolean
skip_rest (Unpacker *unpacker, GError **error)
{
  if (archive_read_data_skip (unpacker->archive) < ARCHIVE_WARN)
    return set_read_error (unpacker, error);
  return TRUE;
}

static gboolean
unpack_all (Unpacker *unpacker, GError **error)
{
  struct archive_entry *entry;
  int result;

  /* Only tar, and no decompression: nothing else comes from the tar in the guest. */
  if (archive_read_support_format_tar (unpacker->archive) != ARCHIVE_OK
      || archive_read_open (unpacker->archive, unpacker, NULL, give_block, NULL) != ARCHIVE_OK)
    return set_read_error (unpacker, error);
  while ((result = next_header (unpacker, &entry)) == ARCHIVE_OK || result == ARCHIVE_WARN)
    if (!unpack_entry (unpacker, entry, error) || !skip_rest (unpacker, error))
      return FALSE;
  if (result != ARCHIVE_EOF)
    return set_read_error (unpacker, error);
  if (unpacker->n_skipped > MESSAGES_MAX)
    g_message ("copyup: left out %u more", unpacker->n_skipped - MESSAGES_MAX);
  return check_end_marker (unpacker, error);
}

static struct archive *
disk_new (void)
{
  struct archive *disk = archive_write_disk_new ();

  archive_write_disk_set_options (
      disk, ARCHIVE_EXTRACT_PERM | ARCHIVE_EXTRACT_TIME | ARCHIVE_EXTRACT_UNLINK
                | ARCHIVE_EXTRACT_SECURE_SYMLINKS | ARCHIVE_EXTRACT_SECURE_NODOTDOT);
  return disk;
}

gboolean
vq_archive_unpack (const char *directory, VqArchiveRead read, gpointer data, GError **error)
{
  Unpacker *unpacker;
  char *resolved = realpath (directory, NULL);
  gboolean unpacked;

  if (resolved == NULL)
    return vq_set_errno (error, errno, "cannot unpack into %s", directory);
  unpacker = g_new0 (Unpacker, 1);
  unpacker->directory = resolved;
  unpacker->read = read;
  unpacker->data = data;
  unpacker->header_end = G_MAXINT64;
  unpacker->archive = archive_read_new ();
  unpacker->disk = disk_new ();
  unpacked = unpack_all (unpacker, error);
  /* Closing sets the modes and times of directories, also after a failure. */
  if (archive_write_close (unpacker->disk) < ARCHIVE_WARN && unpacked)
    unpacked = set_disk_error (unpacker, NULL, error);
  archive_write_free (unpacker->disk);
  archive_read_free (unpacker->archive);
  g_clear_error (&unpacker->error);
  free (resolved);
  g_free (unpacker);
  return unpacked;
}
