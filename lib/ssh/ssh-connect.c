// SPDX-License-Identifier: GPL-2.0-or-later
#include "ssh/ssh-connect.h"

#include "base/error.h"

#define PAUSE 250 /* ms */

/* Seconds in which the server must say something: at first, and at most. QEMU's user network
 * accepts each connection, and looks for the guest's server behind it only after 6 and 24 more
 * seconds if the guest had no network yet; but a busy guest may be slow to answer. */
#define FIRST_PATIENCE 3.0
#define LAST_PATIENCE 24.0

static gboolean
has_answered (gpointer data)
{
  return vq_ssh_session_has_answered (data) || vq_ssh_session_get_error (data) != NULL;
}

static gboolean
is_over (gpointer data)
{
  return vq_ssh_session_is_ready (data) || vq_ssh_session_get_error (data) != NULL;
}

static VqSshSession *
try_once (VqSshLogin *login, double patience, gint64 deadline, VqCancel *cancel, GError **error)
{
  g_autoptr (VqSshSession) session = vq_ssh_session_start (login, error);

  if (session == NULL
      || !vq_wait_until (has_answered, session, MIN (vq_deadline_in (patience), deadline), cancel,
                         "answer", error)
      || !vq_wait_until (is_over, session, deadline, cancel, "login", error))
    return NULL;
  if (vq_ssh_session_is_ready (session))
    return g_steal_pointer (&session);
  g_propagate_error (error, g_error_copy (vq_ssh_session_get_error (session)));
  return NULL;
}

static gboolean
may_be_tried_again (const GError *error)
{
  return g_error_matches (error, VQ_ERROR, VQ_ERROR_FAILED) || vq_error_is_timeout (error);
}

static gboolean
set_timeout (const GError *last, gint64 start, gint64 deadline, GError **error)
{
  return vq_error_set (error, VQ_ERROR_TIMEOUT, "no ssh login within %.3g s (%s)",
                       MAX (0, deadline - start) / (double)G_USEC_PER_SEC,
                       last != NULL ? last->message : "not tried");
}

/* Nothing tells when a server in the guest begins to listen: it must be asked again and again. */
VqSshSession *
vq_ssh_connect (VqSshLogin *login, gint64 deadline, VqCancel *cancel, GError **error)
{
  gint64 start = g_get_monotonic_time ();
  double patience = FIRST_PATIENCE;
  g_autoptr (GError) last = NULL;

  while (vq_deadline_left (deadline) > 0)
    {
      VqSshSession *session;

      g_clear_error (&last);
      session = try_once (login, patience, deadline, cancel, &last);
      if (session != NULL)
        return session;
      if (!may_be_tried_again (last))
        {
          g_propagate_error (error, g_steal_pointer (&last));
          return NULL;
        }
      if (vq_error_is_timeout (last))
        patience = MIN (patience * 2, LAST_PATIENCE);
      if (!vq_wait_pause (PAUSE, cancel, error))
        return NULL;
    }
  set_timeout (last, start, deadline, error);
  return NULL;
}
