// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/run-logs.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>

#include "base/error.h"
#include "copy/copy.h"
#include "helper/helper-wire.h"
#include "io/new-file.h"
#include "qemu/screen.h"

#define SCREEN_SECONDS 10

static gboolean
remove_old (const char *directory, GError **error)
{
  static const char *const names[]
      = { VQ_RUN_LOGS_OUTPUT, VQ_RUN_LOGS_SUCCESS, VQ_RUN_LOGS_SCREEN, NULL };

  for (const char *const *name = names; *name != NULL; name++)
    {
      g_autofree char *path = g_build_filename (directory, *name, NULL);

      if (g_unlink (path) < 0 && errno != ENOENT)
        return vq_error_set_errno (error, errno, "cannot remove %s", path);
    }
  return TRUE;
}

int
vq_run_logs_begin (const char *directory, GError **error)
{
  g_autofree char *path = g_build_filename (directory, VQ_RUN_LOGS_OUTPUT, NULL);
  int fd = -1;

  if (g_mkdir_with_parents (directory, 0777) < 0)
    {
      vq_error_set_errno (error, errno, "cannot make the directory %s for the logs", directory);
      return -1;
    }
  if (!remove_old (directory, error))
    return -1;
  fd = open (path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666);
  if (fd < 0)
    vq_error_set_errno (error, errno, "cannot make %s", path);
  return fd;
}

gboolean
vq_run_logs_collect (const char *directory, VqChannel *channel, gint64 deadline, VqCancel *cancel,
                     GError **error)
{
  g_autofree char *files = g_build_filename (directory, VQ_RUN_LOGS_FILES "/", NULL);

  return vq_copy_up (channel, VQ_HELPER_TEST_LOGS "/", files, NULL, deadline, cancel, error);
}

void
vq_run_logs_keep_screen (const char *directory, const char *qmp)
{
  g_autofree char *path = g_build_filename (directory, VQ_RUN_LOGS_SCREEN, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) picture
      = vq_screen_take_picture_from (qmp, vq_deadline_in (SCREEN_SECONDS), &error);
  gsize n;
  const char *bytes = picture != NULL ? g_bytes_get_data (picture, &n) : NULL;

  if (picture == NULL || !vq_new_file_write (path, 0, bytes, n, &error))
    g_debug ("no %s: %s", path, error->message);
}

gboolean
vq_run_logs_mark_success (const char *directory, GError **error)
{
  g_autofree char *path = g_build_filename (directory, VQ_RUN_LOGS_SUCCESS, NULL);

  return vq_new_file_write (path, 0, "", 0, error);
}
