// SPDX-License-Identifier: GPL-2.0-or-later
#include "io/flock.h"

#include <errno.h>
#include <sys/file.h>

#include "base/error.h"

gboolean
vq_flock_try (int fd, VqFlock how, gboolean *taken, GError **error)
{
  *taken = flock (fd, (how == VQ_FLOCK_SHARED ? LOCK_SH : LOCK_EX) | LOCK_NB) == 0;
  if (*taken || errno == EWOULDBLOCK)
    return TRUE;
  return vq_error_set_errno (error, errno, "cannot lock a file");
}

VqChild *
vq_flock_begin (int fd, VqFlock how, GError **error)
{
  g_autofree char *number = g_strdup_printf ("%d", fd);
  const char *const argv[]
      = { "flock", how == VQ_FLOCK_SHARED ? "--shared" : "--exclusive", number, NULL };
  const VqChildOptions options = { .stdout_fd = -1, .keep_fds = &fd, .n_keep_fds = 1 };

  return vq_child_spawn (argv, &options, error);
}

static gboolean
wait_for (VqChild *child, gint64 deadline, VqCancel *cancel, GError **error)
{
  VQ_ERROR_PREFIX (error, "flock");

  return vq_child_wait (child, deadline, cancel, error) && vq_child_check_success (child, error);
}

static gboolean
wait_in_child (int fd, VqFlock how, gint64 deadline, VqCancel *cancel, GError **error)
{
  g_autoptr (VqChild) child = vq_flock_begin (fd, how, error);

  if (child == NULL || wait_for (child, deadline, cancel, error))
    return child != NULL;
  if (vq_cancel_reason (cancel) != NULL)
    {
      g_clear_error (error);
      g_propagate_error (error, g_error_copy (vq_cancel_reason (cancel)));
    }
  return FALSE;
}

gboolean
vq_flock_wait (int fd, VqFlock how, gint64 deadline, VqCancel *cancel, GError **error)
{
  gboolean taken;

  if (!vq_flock_try (fd, how, &taken, error))
    return FALSE;
  return taken || wait_in_child (fd, how, deadline, cancel, error);
}
