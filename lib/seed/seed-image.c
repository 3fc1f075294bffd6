// SPDX-License-Identifier: GPL-2.0-or-later
#include "seed/seed-image.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"

#define LABEL "cidata" /* cloud-init looks for a disk with this label */

static gboolean
check (struct archive *archive, la_ssize_t result, GError **error)
{
  return result >= ARCHIVE_WARN
         || vq_error_set (error, VQ_ERROR_FAILED, "%s", archive_error_string (archive));
}

static gboolean
write_bytes (struct archive *archive, GBytes *bytes, GError **error)
{
  gsize n;
  const char *data = g_bytes_get_data (bytes, &n);

  while (n > 0)
    {
      la_ssize_t done = archive_write_data (archive, data, n);

      if (done <= 0)
        return vq_error_set (error, VQ_ERROR_FAILED, "%s", archive_error_string (archive));
      data += done;
      n -= done;
    }
  return TRUE;
}

static gboolean
add_file (struct archive *archive, const VqSeedFile *file, GError **error)
{
  struct archive_entry *entry = archive_entry_new ();
  gboolean good;

  archive_entry_set_pathname (entry, file->name);
  archive_entry_set_filetype (entry, AE_IFREG);
  archive_entry_set_perm (entry, file->executable ? 0700 : 0600);
  archive_entry_set_size (entry, (la_int64_t)g_bytes_get_size (file->bytes));
  good = check (archive, archive_write_header (archive, entry), error)
         && write_bytes (archive, file->bytes, error);
  archive_entry_free (entry);
  return good;
}

/* Names and the label stay as they are, because Rock Ridge and Joliet are on by default. libarchive
 * uses an unlinked temporary file in $TMPDIR. */
static gboolean
write_files (struct archive *archive, int fd, const VqSeed *seed, GError **error)
{
  if (!check (archive, archive_write_set_format_iso9660 (archive), error)
      || !check (archive,
                 archive_write_set_options (archive, "iso9660:volume-id=" LABEL ",iso9660:!pad"),
                 error)
      || !check (archive, archive_write_open_fd (archive, fd), error))
    return FALSE;
  for (guint i = 0; i < seed->files->len; i++)
    if (!add_file (archive, seed->files->pdata[i], error))
      return FALSE;
  return check (archive, archive_write_close (archive), error);
}

static gboolean
write_image (const VqSeed *seed, int fd, GError **error)
{
  struct archive *archive = archive_write_new ();
  gboolean good = write_files (archive, fd, seed, error);

  archive_write_free (archive);
  return good;
}

gboolean
vq_seed_image_write (const VqSeed *seed, const char *path, GError **error)
{
  vq_autofd int fd = -1;
  VQ_ERROR_PREFIX (error, "cannot write %s", path);

  unlink (path);
  fd = open (path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0)
    return vq_error_set_errno (error, errno, "cannot make it");
  return write_image (seed, fd, error)
         && (close (g_steal_fd (&fd)) == 0 || vq_error_set_errno (error, errno, "cannot end it"));
}
