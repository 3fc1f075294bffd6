// SPDX-License-Identifier: GPL-2.0-or-later
/* Against a peer that plays QEMU; with a real guest: tests/guest/check_guests.c. */
#include "qemu/sleep-watch.h"

#include <check.h>
#include <signal.h>

#include "fake-peer.h"
#include "leaks.h"
#include "messages.h"
#include "suite.h"

static FakePeer *fake;
static VqQmp *qmp;
static VqSleepWatch *watch;

static void
ignore_event (const char *event, JsonObject *data, gpointer user_data)
{
}

static void
setup (void)
{
  int fd;

  signal (SIGPIPE, SIG_IGN);
  leaks_begin ();
  messages_begin ();
  fake = fake_peer_new (&fd);
  qmp = vq_qmp_new (fd, ignore_event, NULL);
}

static void
teardown (void)
{
  g_clear_pointer (&watch, vq_sleep_watch_free);
  g_clear_pointer (&qmp, vq_qmp_free);
  fake_peer_end (fake);
  messages_end ();
  leaks_assert_none ();
}

static gboolean
stop (gpointer stopped)
{
  *(gboolean *)stopped = TRUE;
  return G_SOURCE_REMOVE;
}

static void
run_for (guint ms)
{
  gboolean stopped = FALSE;

  g_timeout_add (ms, stop, &stopped);
  while (!stopped)
    g_main_context_iteration (NULL, TRUE);
}

CASE ("sleep-watch", setup, teardown, 0)

TEST (nothing_wakes_it)
{
  watch = vq_sleep_watch_new (qmp, 0.1);
  fake_peer_expect (fake, "system_wakeup", NULL);
  fake_peer_reply (fake, "{}");
  vq_sleep_watch_begin (watch);
  run_for (400);
  messages_assert_warning ("the guest suspended itself");
}

/* Each sleep has its own time. */
TEST (its_alarm_wakes_it)
{
  watch = vq_sleep_watch_new (qmp, 0.2);
  for (int i = 0; i < 3; i++)
    {
      vq_sleep_watch_begin (watch);
      run_for (10);
      vq_sleep_watch_end (watch);
    }
  run_for (400);
}

TEST (freed_while_it_sleeps)
{
  watch = vq_sleep_watch_new (qmp, 0.1);
  vq_sleep_watch_begin (watch);
  g_clear_pointer (&watch, vq_sleep_watch_free);
  run_for (200);
}
