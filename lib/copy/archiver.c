// SPDX-License-Identifier: GPL-2.0-or-later
#include "copy/archiver.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/child.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/programs.h"

#define PROGRAM "virt-qemu-archive"

/* OUT becomes its stdout. */
static VqChild *
start (const char *word, int stream_fd, const char *path, int fd, const char *name, int out,
       GError **error)
{
  g_autofree char *program = vq_programs_find (PROGRAM, error);
  g_autofree char *stream_text = g_strdup_printf ("%d", stream_fd);
  g_autofree char *fd_text = fd >= 0 ? g_strdup_printf ("%d", fd) : NULL;
  const char *argv[] = { program, word, stream_text, path, fd_text, name, NULL };
  const int fds[] = { stream_fd, fd };
  const VqChildOptions options = {
    .stdout_fd = out,
    .keep_fds = fds,
    .n_keep_fds = fd >= 0 ? 2 : 1,
  };

  return program != NULL ? vq_child_spawn (argv, &options, error) : NULL;
}

static gboolean
has_ended (gpointer child)
{
  return vq_child_has_ended (child);
}

/* What CHILD, which has ended, makes of it. */
static gboolean
check_end (VqChild *child, GError **error)
{
  g_autofree char *said = vq_child_get_stderr (child);
  g_autofree char *how = vq_child_describe_end (child);
  int status = vq_child_get_status (child);
  gboolean guest_is_wrong = WIFEXITED (status) && WEXITSTATUS (status) == VQ_ARCHIVER_GUEST_WRONG;

  if (g_spawn_check_wait_status (status, NULL))
    {
      if (*said != '\0')
        g_message ("%s", said);
      return TRUE;
    }
  return vq_error_set (error, guest_is_wrong ? VQ_ERROR_PEER : VQ_ERROR_FAILED, "%s",
                       *said != '\0' ? said : how);
}

/* The length of the stream, which the child has written to OUT. */
static guint64
read_length (int out)
{
  char text[32] = "";

  return pread (out, text, sizeof text - 1, 0) > 0 ? g_ascii_strtoull (text, NULL, 10) : 0;
}

gboolean
vq_archiver_run (const char *word, int stream_fd, const char *path, int fd, const char *name,
                 guint64 *bytes, gint64 deadline, VqCancel *cancel, GError **error)
{
  vq_autofd int out = memfd_create ("virt-qemu-archive", MFD_CLOEXEC);
  g_autoptr (VqChild) child = start (word, stream_fd, path, fd, name, out, error);

  if (child == NULL || !vq_wait_until (has_ended, child, deadline, cancel, "end of the copy", error)
      || !check_end (child, error))
    return FALSE;
  *bytes += read_length (out);
  return TRUE;
}
