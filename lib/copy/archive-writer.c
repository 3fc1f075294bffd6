// SPDX-License-Identifier: GPL-2.0-or-later
#include "copy/archive-writer.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"

#define BLOCK_SIZE 65536

typedef struct archive_entry Entry;
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Entry, archive_entry_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DIR, closedir)

typedef struct
{
  const char *directory; /* as the user wrote it, for messages; for a single file, its path */
  struct archive *archive;
  struct archive_entry_linkresolver *links;
  VqArchiveWrite write;
  gpointer data;
  GError *error;      /* WRITE's error */
  gboolean abandoned; /* nothing more must be written */
} Packer;

static gboolean pack_directory (Packer *packer, int fd, const char *name, GError **error);

static la_ssize_t
pass_block (struct archive *archive, void *data, const void *bytes, size_t len)
{
  Packer *packer = data;

  /* This never reports a failure, because libarchive 3.6 would then leak its buffers. All callers
   * check packer->error instead (see has_failed). */
  if (packer->error == NULL && !packer->abandoned)
    packer->write (packer->data, bytes, len, &packer->error);
  return len;
}

/* Whether a call to libarchive that returned RESULT has failed. */
static gboolean
has_failed (Packer *packer, gint64 result)
{
  return packer->error != NULL || result < ARCHIVE_WARN;
}

/* The path of NAME for messages. A single file has the empty name. Transfer full. */
static char *
path_of (Packer *packer, const char *name)
{
  return *name == '\0' ? g_strdup (packer->directory)
                       : g_build_filename (packer->directory, name, NULL);
}

static gboolean
set_archive_error (Packer *packer, const char *name, GError **error)
{
  g_autofree char *path = path_of (packer, name);

  if (packer->error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&packer->error));
      return FALSE;
    }
  return vq_error_set (error, VQ_ERROR_FAILED, "cannot pack %s: %s", path,
                       archive_error_string (packer->archive));
}

static gboolean
set_file_error (Packer *packer, const char *name, GError **error)
{
  int errnum = errno;
  g_autofree char *path = path_of (packer, name);

  return vq_error_set_errno (error, errnum, "cannot read %s", path);
}

static gboolean
set_shorter_error (Packer *packer, const char *name, GError **error)
{
  g_autofree char *path = path_of (packer, name);

  return vq_error_set (error, VQ_ERROR_FAILED, "%s got shorter while it was copied", path);
}

/* Tells the archive where FD has data; the holes between are not sent. Fails if the file system
 * cannot say where the data is. */
static gboolean
add_data (struct archive_entry *entry, int fd, const struct stat *st)
{
  off_t hole = 0;
  off_t start = 0;

  while (hole < st->st_size && (start = lseek (fd, hole, SEEK_DATA)) >= 0 && start < st->st_size)
    {
      hole = lseek (fd, start, SEEK_HOLE);
      if (hole <= start)
        return FALSE;
      hole = MIN (hole, st->st_size);
      archive_entry_sparse_add_entry (entry, start, hole - start);
    }
  /* ENXIO means that no data follow. But if a file seems to have no data at all and still uses
   * blocks, the file system's answer is wrong. */
  return hole >= st->st_size || start >= st->st_size
         || (errno == ENXIO && (hole > 0 || st->st_blocks == 0));
}

/* If it is not known where a file has data, all of it is sent. */
static void
add_sparse_map (struct archive_entry *entry, int fd, const struct stat *st)
{
  if (!add_data (entry, fd, st))
    archive_entry_sparse_clear (entry);
  /* The file is only a hole. To libarchive this is a first region of length 0. */
  else if (archive_entry_sparse_count (entry) == 0)
    archive_entry_sparse_add_entry (entry, 0, 0);
}

/* libarchive must be given holes as zeros, which it skips. */
static gboolean
pack_zeros (Packer *packer, const char *name, gint64 n, GError **error)
{
  static const char zeros[BLOCK_SIZE];

  for (; n > 0; n -= MIN (n, BLOCK_SIZE))
    if (has_failed (packer, archive_write_data (packer->archive, zeros, MIN (n, BLOCK_SIZE))))
      return set_archive_error (packer, name, error);
  return TRUE;
}

/* Packs the bytes of FD from OFFSET up to END. */
static gboolean
pack_range (Packer *packer, int fd, const char *name, off_t offset, off_t end, GError **error)
{
  char buffer[BLOCK_SIZE];

  while (offset < end)
    {
      gssize n = pread (fd, buffer, MIN (end - offset, BLOCK_SIZE), offset);

      if (n < 0)
        return set_file_error (packer, name, error);
      if (n == 0)
        return set_shorter_error (packer, name, error);
      if (has_failed (packer, archive_write_data (packer->archive, buffer, n)))
        return set_archive_error (packer, name, error);
      offset += n;
    }
  return TRUE;
}

static gboolean
pack_contents (Packer *packer, struct archive_entry *entry, int fd, const char *name, off_t size,
               GError **error)
{
  gint64 start, length;
  gint64 done = 0;

  if (archive_entry_sparse_reset (entry) == 0)
    return pack_range (packer, fd, name, 0, size, error);
  while (archive_entry_sparse_next (entry, &start, &length) == ARCHIVE_OK)
    {
      if (!pack_zeros (packer, name, start - done, error)
          || !pack_range (packer, fd, name, start, start + length, error))
        return FALSE;
      done = start + length;
    }
  return pack_zeros (packer, name, size - done, error);
}

/* To be called after the contents. Holes are not read, so only here do we notice that a file has
 * become shorter at a hole. If a file has grown, its first SIZE bytes have been sent. */
static gboolean
check_size (Packer *packer, int fd, const char *name, off_t size, GError **error)
{
  struct stat st;

  if (fstat (fd, &st) != 0)
    return set_file_error (packer, name, error);
  return st.st_size >= size || set_shorter_error (packer, name, error);
}

static gboolean
pack_header (Packer *packer, struct archive_entry *entry, const char *name, GError **error)
{
  /* libarchive warns about names that are not UTF-8, but sends their bytes as they are. */
  if (has_failed (packer, archive_write_header (packer->archive, entry)))
    return set_archive_error (packer, name, error);
  return TRUE;
}

static struct archive_entry *
entry_new (const char *name, const struct stat *st)
{
  struct archive_entry *entry = archive_entry_new ();
  g_autofree char *path = g_strconcat ("./", name, NULL);

  archive_entry_copy_stat (entry, st);
  archive_entry_copy_pathname (entry, path);
  /* The guest has no use for the host's user ids. */
  archive_entry_set_uid (entry, 0);
  archive_entry_set_gid (entry, 0);
  return entry;
}

/* Packs the plain file FD as ENTRY. ST is its status. */
static gboolean
pack_open_file (Packer *packer, struct archive_entry *entry, int fd, const struct stat *st,
                const char *name, GError **error)
{
  archive_entry_set_size (entry, st->st_size);
  if (st->st_blocks < st->st_size / 512)
    add_sparse_map (entry, fd, st);
  return pack_header (packer, entry, name, error)
         && pack_contents (packer, entry, fd, name, st->st_size, error)
         && check_size (packer, fd, name, st->st_size, error);
}

/* If ENTRY is another name of a file that was packed before, makes it a hard link. */
static void
mark_link (Packer *packer, struct archive_entry *entry, const struct stat *st)
{
  struct archive_entry *deferred = NULL;

  /* With tar, libarchive defers no entry, and ENTRY stays the same. */
  if (st->st_nlink > 1)
    archive_entry_linkify (packer->links, &entry, &deferred);
}

static gboolean
pack_symlink (Packer *packer, struct archive_entry *entry, int dir, const char *base,
              const char *name, GError **error)
{
  char target[PATH_MAX + 1];
  gssize n = readlinkat (dir, base, target, sizeof target - 1);

  if (n < 0)
    return set_file_error (packer, name, error);
  target[n] = '\0';
  archive_entry_copy_symlink (entry, target);
  return pack_header (packer, entry, name, error);
}

static gboolean
pack_file (Packer *packer, int fd, const char *name, const struct stat *st, GError **error)
{
  g_autoptr (Entry) entry = entry_new (name, st);

  mark_link (packer, entry, st);
  return archive_entry_hardlink (entry) != NULL
             ? pack_header (packer, entry, name, error)
             : pack_open_file (packer, entry, fd, st, name, error);
}

/* Packs anything that is neither a plain file nor a directory. */
static gboolean
pack_special (Packer *packer, int dir, const char *base, const char *name, const struct stat *st,
              GError **error)
{
  g_autoptr (Entry) entry = entry_new (name, st);

  mark_link (packer, entry, st);
  return S_ISLNK (st->st_mode) ? pack_symlink (packer, entry, dir, base, name, error)
                               : pack_header (packer, entry, name, error);
}

/* Packs FD, which is taken over. */
static gboolean
pack_opened (Packer *packer, int fd, const char *name, GError **error)
{
  vq_autofd int own = fd;
  struct stat st;

  if (fstat (fd, &st) != 0)
    return set_file_error (packer, name, error);
  if (S_ISDIR (st.st_mode))
    return pack_directory (packer, g_steal_fd (&own), name, error);
  if (S_ISREG (st.st_mode))
    return pack_file (packer, fd, name, &st, error);
  return vq_error_set (error, VQ_ERROR_FAILED, "%s/%s was replaced while it was copied",
                       packer->directory, name);
}

/* Packs BASE in the directory DIR. KIND is what readdir says about it. NAME is its path from the
 * top. */
static gboolean
pack_name (Packer *packer, int dir, const char *base, unsigned char kind, const char *name,
           GError **error)
{
  struct stat st;
  int fd;

  /* Plain files and directories can be opened without side effects, so their status is read after
   * that, which saves half of the calls. */
  if (kind != DT_REG && kind != DT_DIR)
    {
      if (fstatat (dir, base, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return set_file_error (packer, name, error);
      if (S_ISSOCK (st.st_mode))
        return TRUE;
      if (!S_ISREG (st.st_mode) && !S_ISDIR (st.st_mode))
        return pack_special (packer, dir, base, name, &st, error);
    }
  fd = openat (dir, base, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0)
    return set_file_error (packer, name, error);
  return pack_opened (packer, fd, name, error);
}

static gboolean
pack_children (Packer *packer, DIR *stream, const char *name, GError **error)
{
  struct dirent *child;

  while (errno = 0, (child = readdir (stream)) != NULL)
    {
      g_autofree char *path = NULL;

      if (strcmp (child->d_name, ".") == 0 || strcmp (child->d_name, "..") == 0)
        continue;
      path
          = *name == '\0' ? g_strdup (child->d_name) : g_strconcat (name, "/", child->d_name, NULL);
      if (!pack_name (packer, dirfd (stream), child->d_name, child->d_type, path, error))
        return FALSE;
    }
  if (errno != 0)
    return set_file_error (packer, name, error);
  return TRUE;
}

/* Packs the directory FD, which is taken over. */
static gboolean
pack_directory (Packer *packer, int fd, const char *name, GError **error)
{
  vq_autofd int own = fd;
  g_autoptr (DIR) stream = fdopendir (fd);
  g_autoptr (Entry) entry = NULL;
  struct stat st;

  if (stream == NULL)
    return set_file_error (packer, name, error);
  own = -1; /* the stream's */
  if (fstat (fd, &st) != 0)
    return set_file_error (packer, name, error);
  entry = entry_new (name, &st);
  return pack_header (packer, entry, name, error) && pack_children (packer, stream, name, error);
}

static gboolean
start_archive (Packer *packer, GError **error)
{
  if (archive_write_set_format_pax_restricted (packer->archive) != ARCHIVE_OK
      || archive_write_set_bytes_per_block (packer->archive, BLOCK_SIZE) != ARCHIVE_OK
      || archive_write_set_bytes_in_last_block (packer->archive, 512) != ARCHIVE_OK
      || archive_write_open (packer->archive, packer, NULL, pass_block, NULL) != ARCHIVE_OK)
    return set_archive_error (packer, "", error);
  return TRUE;
}

/* To be called after the last entry, or after a failure. */
static gboolean
end_archive (Packer *packer, gboolean packed, GError **error)
{
  if (!packed)
    {
      /* Writes no end marker, so that the guest does not take this for a complete archive. */
      packer->abandoned = TRUE;
      return FALSE;
    }
  if (has_failed (packer, archive_write_close (packer->archive)))
    return set_archive_error (packer, "", error);
  return TRUE;
}

static void
packer_init (Packer *packer, const char *directory, VqArchiveWrite write, gpointer data)
{
  *packer = (Packer){ .directory = directory, .write = write, .data = data };
  packer->archive = archive_write_new ();
  packer->links = archive_entry_linkresolver_new ();
  archive_entry_linkresolver_set_strategy (packer->links, ARCHIVE_FORMAT_TAR_PAX_RESTRICTED);
}

static void
packer_clear (Packer *packer)
{
  archive_entry_linkresolver_free (packer->links);
  archive_write_free (packer->archive);
  g_clear_error (&packer->error);
}

gboolean
vq_archive_writer_pack (const char *directory, VqArchiveWrite write, gpointer data, GError **error)
{
  vq_autofd int fd = open (directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  Packer packer;
  gboolean packed;

  if (fd < 0)
    return vq_error_set_errno (error, errno, "cannot read %s", directory);
  packer_init (&packer, directory, write, data);
  packed = start_archive (&packer, error)
           && end_archive (&packer, pack_directory (&packer, g_steal_fd (&fd), "", error), error);
  packer_clear (&packer);
  return packed;
}

gboolean
vq_archive_writer_pack_file (int fd, const char *path, const char *name, mode_t mode,
                             VqArchiveWrite write, gpointer data, GError **error)
{
  g_autoptr (Entry) entry = NULL;
  struct stat st;
  Packer packer;
  gboolean packed;

  if (fstat (fd, &st) != 0)
    return vq_error_set_errno (error, errno, "cannot read %s", path);
  entry = entry_new (name, &st);
  archive_entry_set_perm (entry, mode);
  packer_init (&packer, path, write, data);
  packed = start_archive (&packer, error)
           && end_archive (&packer, pack_open_file (&packer, entry, fd, &st, "", error), error);
  packer_clear (&packer);
  return packed;
}
