// SPDX-License-Identifier: GPL-2.0-or-later
/* virt-qemu-archive: makes or unpacks the tar stream of a copy. The server runs it; archiver.h
 * describes its arguments. It is a program of its own so that the server itself does not parse what
 * the guest sends, and does not have libarchive in its memory. If it fails, the last line on its
 * stderr says why; lines before it are messages for the user. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "copy/archive-reader.h"
#include "copy/archive-writer.h"
#include "copy/archiver.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/inherited.h"
#include "io/confine.h"

/* To unpack: the longest map of holes takes 60 MiB. To pack takes 2 KiB for each hard link of the
 * user's tree. */
#define MEMORY (512 * 1024 * 1024)

static guint64 stream_length;

static gboolean
write_stream (gpointer data, const void *bytes, gsize len, GError **error)
{
  stream_length += len;
  return vq_fd_write_all (GPOINTER_TO_INT (data), bytes, len)
         || vq_error_set (error, VQ_ERROR_PEER, "the guest stopped reading: %s",
                          g_strerror (errno));
}

static gssize
read_stream (gpointer data, void *buffer, gsize max, GError **error)
{
  gssize n;

  do
    n = read (GPOINTER_TO_INT (data), buffer, max);
  while (n < 0 && errno == EINTR);
  if (n < 0)
    vq_error_set_errno (error, errno, "cannot read from the guest");
  stream_length += MAX (n, 0);
  return n;
}

/* What the server has opened for us needs no rights. */
static void
confine (const char *const *args)
{
  gboolean is_tree = g_strv_length ((char **)args) == 3;
  gboolean packs = g_str_has_prefix (args[0] != NULL ? args[0] : "", VQ_ARCHIVER_PACK);

  vq_confine_process (packs ? 0 : MEMORY);
  if (!vq_confine_files (is_tree ? args[2] : NULL, packs ? VQ_CONFINE_READ : VQ_CONFINE_WRITE))
    g_debug ("this kernel cannot confine us to files");
}

static gboolean
work (const char *const *args, GError **error)
{
  guint n = g_strv_length ((char **)args);
  gpointer stream = GINT_TO_POINTER (n > 1 ? atoi (args[1]) : -1);
  int fd = n > 3 ? atoi (args[3]) : -1;

  if (n == 3 && g_str_equal (args[0], VQ_ARCHIVER_PACK))
    return vq_archive_writer_pack (args[2], write_stream, stream, error);
  if (n == 3 && g_str_equal (args[0], VQ_ARCHIVER_UNPACK))
    return vq_archive_reader_unpack (args[2], read_stream, stream, error);
  if (n == 5 && g_str_equal (args[0], VQ_ARCHIVER_PACK_FILE))
    return vq_archive_writer_pack_file (fd, args[2], args[4], 0600, write_stream, stream, error);
  if (n == 4 && g_str_equal (args[0], VQ_ARCHIVER_UNPACK_FILE))
    return vq_archive_reader_unpack_file (fd, args[2], read_stream, stream, error);
  return vq_error_set (error, VQ_ERROR_USAGE, "wrong arguments: this program is the server's");
}

/* Without a program name, because the server adds its own. */
static void
print_line (const char *domain, GLogLevelFlags level, const char *message, gpointer data)
{
  if ((level & G_LOG_LEVEL_MASK) <= G_LOG_LEVEL_MESSAGE)
    fprintf (stderr, "%s\n", message);
}

/* The exit status, as archiver.h describes it. */
static int
run (const char *const *args)
{
  g_autoptr (GError) error = NULL;

  if (vq_inherited_settle (&error))
    confine (args);
  if (error == NULL && work (args, &error))
    {
      printf ("%" G_GUINT64_FORMAT "\n", stream_length);
      fflush (stdout);
      return 0;
    }
  fprintf (stderr, "%s\n", error->message);
  return g_error_matches (error, VQ_ERROR, VQ_ERROR_PEER) ? VQ_ARCHIVER_GUEST_WRONG
                                                          : VQ_ARCHIVER_FAILED;
}

int
main (int argc, char **argv)
{
  static const char *const none[] = { NULL };
  const char *const *args = argc > 1 ? (const char *const *)argv + 1 : none;

  /* No setlocale: libarchive would convert file names. */
  g_log_set_default_handler (print_line, NULL);
  /* Not exit: the leak checker of a SANITIZE=1 build would fail, as it needs /proc and a process.
   */
  _exit (run (args));
}
