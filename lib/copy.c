// SPDX-License-Identifier: GPL-2.0-or-later
#include "copy.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive-reader.h"
#include "archive-writer.h"
#include "error.h"
#include "guest-stream.h"

#define BLOCK_SIZE 131072

/* What runs in the guest, as sh -ec SCRIPT sh PATH: PATH is a parameter, so it needs no quoting. */
#define SCRIPT_FILE_DOWN "cat > \"$1\""
#define SCRIPT_PROGRAM_DOWN "cat > \"$1\"; chmod +x -- \"$1\""
#define SCRIPT_FILE_UP "exec cat < \"$1\""
#define SCRIPT_TREE_DOWN                                                                           \
  "test -d \"$1\" || mkdir -- \"$1\"; cd -- \"$1\"; "                                              \
  "exec tar --warning=none --preserve-permissions --extract --no-same-owner -f -"
#define SCRIPT_TREE_UP "cd -- \"$1\"; exec tar --warning=none --sparse -c -f - ."

typedef struct
{
  VqChannel *channel;
  const char *host_path;
  const char *guest_path;
  gint64 deadline;
  VqCancel *cancel;
} Copy;

static gboolean
is_directory (const char *path)
{
  return g_str_has_suffix (path, "/");
}

static VqGuestStream *
open_stream (const Copy *copy, const char *script, gboolean down, GError **error)
{
  const char *argv[] = { "sh", "-ec", script, "sh", copy->guest_path, NULL };

  if (down)
    return vq_guest_stream_open_stdin (copy->channel, argv, copy->deadline, copy->cancel, error);
  return vq_guest_stream_open_stdout (copy->channel, argv, copy->deadline, copy->cancel, error);
}

/* Ends STREAM after its work succeeded (REASON is NULL) or failed with REASON (transfer full). */
static gboolean
end_stream (VqGuestStream *stream, GError *reason, GError **error)
{
  if (reason != NULL)
    return vq_guest_stream_fail (stream, reason, error);
  return vq_guest_stream_finish (stream, error);
}

/* Opens a host file and looks at it. FLAGS must have O_NONBLOCK, so that a FIFO cannot hold us up;
 * for anything that we accept the flag has no effect. */
static int
open_host_file (const char *path, int flags, struct stat *st, GError **error)
{
  int fd = open (path, flags | O_CLOEXEC, 0666);

  if (fd < 0)
    {
      vq_set_errno (error, errno, "cannot open %s", path);
      return -1;
    }
  if (fstat (fd, st) == 0 && (S_ISREG (st->st_mode) || S_ISCHR (st->st_mode)))
    return fd;
  vq_set_error (error, VQ_ERROR_FAILED, "%s is %s", path,
                S_ISDIR (st->st_mode) ? "a directory: end both paths in \"/\" to copy it"
                                      : "not a plain file");
  close (fd);
  return -1;
}

/* Feeds all of FD to STREAM. */
static gboolean
send_file (VqGuestStream *stream, int fd, const char *path, GError **error)
{
  char buffer[BLOCK_SIZE];
  gssize n;

  while ((n = read (fd, buffer, sizeof buffer)) > 0)
    if (!vq_guest_stream_write (stream, buffer, n, error))
      return FALSE;
  if (n < 0)
    return vq_set_errno (error, errno, "cannot read %s", path);
  return TRUE;
}

static gboolean
file_down (const Copy *copy, GError **error)
{
  g_autoptr (VqGuestStream) stream = NULL;
  GError *reason = NULL;
  struct stat st;
  int fd = open_host_file (copy->host_path, O_RDONLY | O_NONBLOCK, &st, error);

  if (fd < 0)
    return FALSE;
  stream = open_stream (copy, (st.st_mode & 0111) != 0 ? SCRIPT_PROGRAM_DOWN : SCRIPT_FILE_DOWN,
                        TRUE, error);
  if (stream != NULL && !send_file (stream, fd, copy->host_path, &reason))
    g_assert (reason != NULL);
  close (fd);
  return stream != NULL && end_stream (stream, reason, error);
}

static gboolean
write_fully (int fd, const char *bytes, gsize len, const char *path, GError **error)
{
  while (len > 0)
    {
      gssize n = write (fd, bytes, len);

      if (n < 0 && errno != EINTR)
        return vq_set_errno (error, errno, "cannot write %s", path);
      bytes += MAX (n, 0);
      len -= MAX (n, 0);
    }
  return TRUE;
}

/* Writes all of STREAM to FD. */
static gboolean
receive_file (VqGuestStream *stream, int fd, const char *path, GError **error)
{
  char buffer[BLOCK_SIZE];
  gssize n;

  while ((n = vq_guest_stream_read (stream, buffer, sizeof buffer, error)) > 0)
    if (!write_fully (fd, buffer, n, path, error))
      return FALSE;
  return n == 0;
}

/* Fills FD, which it closes, from the guest's file. */
static gboolean
file_up_to (const Copy *copy, int fd, GError **error)
{
  g_autoptr (VqGuestStream) stream = open_stream (copy, SCRIPT_FILE_UP, FALSE, error);
  GError *reason = NULL;

  if (stream != NULL && receive_file (stream, fd, copy->host_path, &reason))
    {
      /* A full disk may show only here (NFS, quota). */
      if (close (fd) != 0)
        vq_set_errno (&reason, errno, "cannot write %s", copy->host_path);
    }
  else
    close (fd);
  return stream != NULL && end_stream (stream, reason, error);
}

static gboolean
file_up (const Copy *copy, GError **error)
{
  const int flags = O_WRONLY | O_NONBLOCK;
  struct stat st;
  int fd = open (copy->host_path, flags | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  gboolean is_new = fd >= 0;

  if (!is_new)
    fd = open_host_file (copy->host_path, flags | O_CREAT | O_TRUNC, &st, error);
  if (fd < 0)
    return FALSE;
  if (file_up_to (copy, fd, error))
    return TRUE;
  if (is_new)
    unlink (copy->host_path);
  return FALSE;
}

static gboolean
give_to_stream (gpointer stream, const void *bytes, gsize len, GError **error)
{
  return vq_guest_stream_write (stream, bytes, len, error);
}

static gssize
take_from_stream (gpointer stream, void *buffer, gsize max, GError **error)
{
  return vq_guest_stream_read (stream, buffer, max, error);
}

static gboolean
tree_down (const Copy *copy, GError **error)
{
  g_autoptr (VqGuestStream) stream = NULL;
  GError *reason = NULL;

  /* Before anything is made in the guest. */
  if (access (copy->host_path, R_OK | X_OK) != 0)
    return vq_set_errno (error, errno, "cannot read %s", copy->host_path);
  stream = open_stream (copy, SCRIPT_TREE_DOWN, TRUE, error);
  if (stream == NULL)
    return FALSE;
  if (!vq_archive_pack (copy->host_path, give_to_stream, stream, &reason))
    g_assert (reason != NULL);
  return end_stream (stream, reason, error);
}

static gboolean
tree_up (const Copy *copy, GError **error)
{
  g_autoptr (VqGuestStream) stream = NULL;
  GError *reason = NULL;

  if (mkdir (copy->host_path, 0777) != 0 && errno != EEXIST)
    return vq_set_errno (error, errno, "cannot make %s", copy->host_path);
  if (!g_file_test (copy->host_path, G_FILE_TEST_IS_DIR))
    return vq_set_errno (error, ENOTDIR, "cannot unpack into %s", copy->host_path);
  stream = open_stream (copy, SCRIPT_TREE_UP, FALSE, error);
  if (stream == NULL)
    return FALSE;
  if (!vq_archive_unpack (copy->host_path, take_from_stream, stream, &reason))
    g_assert (reason != NULL);
  return end_stream (stream, reason, error);
}

gboolean
vq_copy_down (VqChannel *channel, const char *host_path, const char *guest_path, gint64 deadline,
              VqCancel *cancel, GError **error)
{
  const Copy copy = { channel, host_path, guest_path, deadline, cancel };

  if (is_directory (host_path) ? tree_down (&copy, error) : file_down (&copy, error))
    return TRUE;
  g_prefix_error (error, "copydown: ");
  return FALSE;
}

gboolean
vq_copy_up (VqChannel *channel, const char *guest_path, const char *host_path, gint64 deadline,
            VqCancel *cancel, GError **error)
{
  const Copy copy = { channel, host_path, guest_path, deadline, cancel };

  if (is_directory (guest_path) ? tree_up (&copy, error) : file_up (&copy, error))
    return TRUE;
  g_prefix_error (error, "copyup: ");
  return FALSE;
}
