// SPDX-License-Identifier: GPL-2.0-or-later
#include "pull/fetch-unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/units.h"

#define READ_BLOCK (1024 * 1024)
#define HOLE_BLOCK 4096
#define TELL_EVERY (G_USEC_PER_SEC / 10)

typedef struct archive Archive;

static void
reader_free (Archive *archive)
{
  archive_read_free (archive);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Archive, reader_free)

static gboolean
set_archive_error (Archive *archive, GError **error)
{
  const char *text = archive_error_string (archive);

  return vq_error_set (error, VQ_ERROR_FAILED, "it cannot be unpacked: %s",
                       text != NULL ? text : "it is damaged");
}

static Archive *
open_archive (int from, GError **error)
{
  g_autoptr (Archive) archive = archive_read_new ();
  struct archive_entry *entry;

  archive_read_support_format_raw (archive);
  archive_read_support_filter_gzip (archive);
  archive_read_support_filter_bzip2 (archive);
  archive_read_support_filter_xz (archive);
  archive_read_support_filter_zstd (archive);
  if (lseek (from, 0, SEEK_SET) == 0
      && archive_read_open_fd (archive, from, READ_BLOCK) == ARCHIVE_OK
      && archive_read_next_header (archive, &entry) == ARCHIVE_OK)
    return g_steal_pointer (&archive);
  set_archive_error (archive, error);
  return NULL;
}

static gboolean
is_zero (const guint8 *bytes, gsize n)
{
  return bytes[0] == 0 && memcmp (bytes, bytes + 1, n - 1) == 0;
}

static gboolean
write_at (int to, const guint8 *bytes, gsize n, guint64 offset, GError **error)
{
  while (n > 0)
    {
      gssize written = pwrite (to, bytes, n, offset);

      if (written < 0 && errno != EINTR)
        return vq_error_set_errno (error, errno, "cannot write the file");
      bytes += MAX (written, 0);
      n -= MAX (written, 0);
      offset += MAX (written, 0);
    }
  return TRUE;
}

/* The number of bytes at BYTES that are all in a hole, or all not. */
static gsize
measure_run (const guint8 *bytes, gsize n, guint64 offset, gboolean *hole)
{
  gsize first = MIN (n, HOLE_BLOCK - offset % HOLE_BLOCK);
  gsize run = first;

  *hole = is_zero (bytes, first);
  while (run < n && is_zero (bytes + run, MIN (HOLE_BLOCK, n - run)) == *hole)
    run += MIN (HOLE_BLOCK, n - run);
  return run;
}

static gboolean
write_sparse (int to, const guint8 *bytes, gsize n, guint64 offset, GError **error)
{
  while (n > 0)
    {
      gboolean hole;
      gsize run = measure_run (bytes, n, offset, &hole);

      if (!hole && !write_at (to, bytes, run, offset, error))
        return FALSE;
      bytes += run;
      offset += run;
      n -= run;
    }
  return TRUE;
}

static gboolean
check_size (guint64 size, guint64 max, GError **error)
{
  g_autofree char *may = vq_units_size_to_string (max);

  return size <= max
         || vq_error_set (error, VQ_ERROR_TIMEOUT,
                          "unpacked, it has more than the %s that --max-size allows", may);
}

static void
tell_progress (Archive *archive, gint64 *told)
{
  gint64 now = g_get_monotonic_time ();

  if (now - *told < TELL_EVERY)
    return;
  *told = now;
  printf ("at %" G_GINT64_FORMAT "\n", (gint64)archive_filter_bytes (archive, -1));
  fflush (stdout);
}

gboolean
vq_fetch_unpack_run (int from, int to, guint64 max, GError **error)
{
  g_autoptr (Archive) archive = open_archive (from, error);
  guint64 size = 0;
  gint64 told = 0;
  const void *bytes;
  la_int64_t offset;
  size_t n;
  int result;

  if (archive == NULL)
    return FALSE;
  while ((result = archive_read_data_block (archive, &bytes, &n, &offset)) == ARCHIVE_OK)
    {
      size = offset + n;
      if (!check_size (size, max, error) || !write_sparse (to, bytes, n, offset, error))
        return FALSE;
      tell_progress (archive, &told);
    }
  if (result != ARCHIVE_EOF)
    return set_archive_error (archive, error);
  return (ftruncate (to, size) == 0 && fsync (to) == 0)
         || vq_error_set_errno (error, errno, "cannot write the file");
}
