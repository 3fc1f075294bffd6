// SPDX-License-Identifier: GPL-2.0-or-later
#include "qemu/sleep-watch.h"

struct _VqSleepWatch
{
  VqQmp *qmp; /* not owned */
  double seconds;
  guint id; /* of the timer; 0: the guest does not sleep */
};

VqSleepWatch *
vq_sleep_watch_new (VqQmp *qmp, double seconds)
{
  VqSleepWatch *watch = g_new0 (VqSleepWatch, 1);

  watch->qmp = qmp;
  watch->seconds = seconds;
  return watch;
}

void
vq_sleep_watch_free (VqSleepWatch *watch)
{
  if (watch == NULL)
    return;
  vq_sleep_watch_end (watch);
  g_free (watch);
}

static gboolean
wake (gpointer data)
{
  VqSleepWatch *watch = data;

  watch->id = 0;
  g_warning ("the guest suspended itself, and nothing woke it up for %g s: waking it up",
             watch->seconds);
  vq_qmp_send (watch->qmp, "system_wakeup", NULL);
  return G_SOURCE_REMOVE;
}

void
vq_sleep_watch_begin (VqSleepWatch *watch)
{
  vq_sleep_watch_end (watch);
  watch->id = g_timeout_add (watch->seconds * 1000, wake, watch);
}

void
vq_sleep_watch_end (VqSleepWatch *watch)
{
  g_clear_handle_id (&watch->id, g_source_remove);
}
