// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/wait.h"

#include <glib-unix.h>

#include "base/error.h"

/* So much later at most is it known why something ended. */
#define REASON_SECONDS 1

static gboolean
dispatch_alarm (GSource *source, GSourceFunc callback, gpointer data)
{
  g_source_set_ready_time (source, -1);
  return G_SOURCE_CONTINUE;
}

/* A source that only ends the poll at DEADLINE. */
static GSource *
alarm_source_new (gint64 deadline)
{
  static GSourceFuncs funcs = { .dispatch = dispatch_alarm };
  GSource *source = g_source_new (&funcs, sizeof (GSource));

  g_source_set_ready_time (source, deadline);
  g_source_attach (source, NULL);
  return source;
}

static gboolean
fail_for_timeout (const char *what, double seconds, GError **error)
{
  return vq_error_set (error, VQ_ERROR_TIMEOUT, "no %s within %.*g s", what, seconds < 1 ? 1 : 3,
                       MAX (0, seconds));
}

static gboolean
wait_with_alarm (VqWaitCondition condition, gpointer data, gint64 deadline, VqCancel *cancel,
                 const char *what, GError **error)
{
  gint64 start = g_get_monotonic_time ();

  while (!condition (data))
    {
      const GError *reason = vq_cancel_reason (cancel);

      if (reason != NULL)
        {
          g_propagate_error (error, g_error_copy (reason));
          return FALSE;
        }
      if (g_get_monotonic_time () >= deadline)
        return fail_for_timeout (what, (deadline - start) / (double)G_USEC_PER_SEC, error);
      g_main_context_iteration (NULL, TRUE);
    }
  return TRUE;
}

gboolean
vq_wait_until (VqWaitCondition condition, gpointer data, gint64 deadline, VqCancel *cancel,
               const char *what, GError **error)
{
  g_autoptr (GSource) alarm_source = NULL;
  gboolean done;

  if (condition (data))
    return TRUE;
  alarm_source = alarm_source_new (deadline);
  done = wait_with_alarm (condition, data, deadline, cancel, what, error);
  g_source_destroy (alarm_source);
  return done;
}

static gboolean
on_ready (int fd, GIOCondition events, gpointer data)
{
  *(gboolean *)data = TRUE;
  return G_SOURCE_CONTINUE;
}

static gboolean
is_ready (gpointer data)
{
  return *(gboolean *)data;
}

gboolean
vq_wait_fd (int fd, GIOCondition events, gint64 deadline, VqCancel *cancel, const char *what,
            GError **error)
{
  GPollFD poll_fd = { fd, events, 0 };
  const GError *reason = vq_cancel_reason (cancel);
  gboolean ready = FALSE;
  gboolean done;
  guint id;

  if (reason != NULL)
    {
      g_propagate_error (error, g_error_copy (reason));
      return FALSE;
    }
  /* This is much cheaper than to add and remove a source. */
  if (g_poll (&poll_fd, 1, 0) > 0)
    return TRUE;
  id = g_unix_fd_add (fd, events | G_IO_HUP | G_IO_ERR, on_ready, &ready);
  done = vq_wait_until (is_ready, &ready, deadline, cancel, what, error);
  g_source_remove (id);
  return done;
}

static gboolean
never (gpointer data)
{
  return FALSE;
}

gboolean
vq_wait_pause (guint milliseconds, VqCancel *cancel, GError **error)
{
  g_autoptr (GError) local = NULL;
  gint64 deadline = g_get_monotonic_time () + milliseconds * (gint64)1000;

  if (vq_wait_until (never, NULL, deadline, cancel, "pause", &local))
    return TRUE;
  if (vq_cancel_reason (cancel) == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

gboolean
vq_wait_for_reason (GError *why, gint64 deadline, VqCancel *cancel, GError **error)
{
  g_autoptr (GError) reason = why;
  gint64 until = MIN (deadline, vq_deadline_in (REASON_SECONDS));

  if (cancel != NULL)
    (void)!vq_wait_until (never, NULL, until, cancel, "reason", NULL);
  if (vq_cancel_reason (cancel) != NULL)
    g_propagate_error (error, g_error_copy (vq_cancel_reason (cancel)));
  else
    g_propagate_error (error, g_steal_pointer (&reason));
  return FALSE;
}
