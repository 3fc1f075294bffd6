// SPDX-License-Identifier: GPL-2.0-or-later
#include "instance/instance-lease.h"

#include <errno.h>
#include <glib-unix.h>
#include <sys/timerfd.h>

#include "base/error.h"
#include "base/fd.h"

struct _VqInstanceLease
{
  int fd; /* a timer */
  guint source_id;
  gint64 end;
  VqCancel *cancel;
};

static gboolean
on_end (int fd, GIOCondition events, gpointer data)
{
  VqInstanceLease *lease = data;
  g_autoptr (GError) reason = g_error_new (VQ_ERROR, VQ_ERROR_CANCELLED, "its lease has run out");

  lease->source_id = 0;
  vq_cancel_trigger (lease->cancel, reason);
  return G_SOURCE_REMOVE;
}

VqInstanceLease *
vq_instance_lease_new (VqCancel *cancel, GError **error)
{
  int fd = timerfd_create (CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
  VqInstanceLease *lease;

  if (fd < 0)
    return vq_error_set_errno (error, errno, "cannot make a timer"), NULL;
  lease = g_new0 (VqInstanceLease, 1);
  lease->fd = fd;
  lease->cancel = cancel;
  lease->source_id = g_unix_fd_add (fd, G_IO_IN, on_end, lease);
  return lease;
}

void
vq_instance_lease_free (VqInstanceLease *lease)
{
  if (lease == NULL)
    return;
  g_clear_handle_id (&lease->source_id, g_source_remove);
  vq_fd_clear (&lease->fd);
  g_free (lease);
}

/* A timer whose value is 0 does not run. */
gboolean
vq_instance_lease_renew (VqInstanceLease *lease, gint64 seconds, GError **error)
{
  gint64 end = seconds > 0 ? g_get_real_time () + seconds * G_USEC_PER_SEC : 0;
  const struct itimerspec value = {
    .it_value = { end / G_USEC_PER_SEC, end % G_USEC_PER_SEC * 1000 },
  };

  if (timerfd_settime (lease->fd, TFD_TIMER_ABSTIME, &value, NULL) != 0)
    return vq_error_set_errno (error, errno, "cannot set the lease's timer");
  lease->end = end;
  return TRUE;
}

gint64
vq_instance_lease_get_end (const VqInstanceLease *lease)
{
  return lease->end;
}
