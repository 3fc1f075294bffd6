// SPDX-License-Identifier: GPL-2.0-or-later
#include "instance/instance-owner.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <glib-unix.h>
#include <sys/pidfd.h>

#include "base/error.h"
#include "base/fd.h"

gboolean
vq_instance_owner_set_process (VqInstanceOwner *owner, int pid, GError **error)
{
  vq_fd_clear (&owner->process_fd);
  owner->process_fd = pidfd_open (pid, 0);
  if (owner->process_fd >= 0)
    return TRUE;
  if (errno == ESRCH)
    return vq_error_set (error, VQ_ERROR_MISSING, "there is no process %d", pid);
  return vq_error_set_errno (error, errno, "cannot watch the process %d", pid);
}

gboolean
vq_instance_owner_set_peer (VqInstanceOwner *owner, int fd, GError **error)
{
  struct stat st;

  vq_fd_clear (&owner->peer_fd);
  owner->peer_fd = fcntl (fd, F_DUPFD_CLOEXEC, 3);
  if (owner->peer_fd < 0 || fstat (owner->peer_fd, &st) != 0)
    return vq_error_set (error, VQ_ERROR_USAGE, "the descriptor %d is not open", fd);
  return S_ISFIFO (st.st_mode) || S_ISSOCK (st.st_mode)
         || vq_error_set (error, VQ_ERROR_USAGE, "the descriptor %d is no pipe or socket", fd);
}

static gboolean
on_ended (int fd, GIOCondition events, gpointer cancel)
{
  g_autoptr (GError) reason = g_error_new (VQ_ERROR, VQ_ERROR_CANCELLED, "its owner has ended");

  vq_cancel_trigger (cancel, reason);
  return G_SOURCE_CONTINUE;
}

/* A pidfd can be read from when the process has ended. A peer may send something, which means
 * nothing. */
void
vq_instance_owner_watch (VqInstanceOwner *owner, VqCancel *cancel)
{
  if (owner->process_fd >= 0)
    owner->process_id = g_unix_fd_add (owner->process_fd, G_IO_IN, on_ended, cancel);
  if (owner->peer_fd >= 0)
    owner->peer_id = g_unix_fd_add (owner->peer_fd, G_IO_HUP | G_IO_ERR, on_ended, cancel);
}

void
vq_instance_owner_clear (VqInstanceOwner *owner)
{
  g_clear_handle_id (&owner->process_id, g_source_remove);
  g_clear_handle_id (&owner->peer_id, g_source_remove);
  vq_fd_clear (&owner->process_fd);
  vq_fd_clear (&owner->peer_fd);
}
