// SPDX-License-Identifier: GPL-2.0-or-later
#include "channel/channel-call.h"

#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>

#include "base/error.h"
#include "host-channel.h"
#include "leaks.h"
#include "suite.h"

#define PATIENCE 60 /* seconds */

static VqChannel *channel;

static void
setup (void)
{
  signal (SIGPIPE, SIG_IGN);
  leaks_begin ();
  channel = host_channel_new_with_terminals ();
}

static void
teardown (void)
{
  g_clear_pointer (&channel, vq_channel_free);
  leaks_assert_none ();
}

static int
open_null (void)
{
  return open ("/dev/null", O_RDWR | O_CLOEXEC);
}

static VqChannelCall *
start (const char *script)
{
  const char *const argv[] = { "sh", "-c", script, NULL };

  return vq_channel_call_start (channel, argv, open_null (), open_null (), open_null ());
}

static gboolean
finish (VqChannelCall *call, double seconds, VqCancel *cancel, VqEnd *end, GError **error)
{
  return vq_channel_call_finish (call, "end of it", vq_deadline_in (seconds), cancel, end, error);
}

static void
assert_end (VqChannelCall *call, VqEndKind kind, int value)
{
  g_autoptr (GError) error = NULL;
  VqEnd end;

  ck_assert_msg (finish (call, PATIENCE, NULL, &end, &error), "%s",
                 error != NULL ? error->message : "");
  ck_assert_int_eq (end.kind, kind);
  ck_assert_int_eq (end.value, value);
  ck_assert_ptr_null (end.error);
}

CASE ("call", setup, teardown, 60)

TEST (ends)
{
  assert_end (start ("exit 0"), VQ_ENDED_EXITED, 0);
  assert_end (start ("exit 255"), VQ_ENDED_EXITED, 255);
  assert_end (start ("kill -9 $$"), VQ_ENDED_SIGNALLED, 9);
}

static gboolean
nothing_runs (gpointer data)
{
  return host_channel_n_running (channel) == 0;
}

/* The end of a command that nobody waits for any more is nobody's. */
TEST (too_late)
{
  g_autoptr (GError) error = NULL;
  VqEnd end;

  ck_assert (!finish (start ("exec sleep 600"), 0.2, NULL, &end, &error));
  ck_assert (vq_error_is_timeout (error));
  ck_assert_ptr_nonnull (strstr (error->message, "no end of it within"));
  ck_assert_uint_eq (host_channel_n_killed (channel), 1);
  ck_assert (vq_wait_until (nothing_runs, NULL, vq_deadline_in (PATIENCE), NULL, "end", NULL));
}

TEST (cancelled)
{
  g_autoptr (VqCancel) cancel = vq_cancel_new (NULL);
  g_autoptr (GError) reason = g_error_new (VQ_ERROR, VQ_ERROR_CANCELLED, "a signal");
  g_autoptr (GError) error = NULL;
  VqEnd end;

  vq_cancel_trigger (cancel, reason);
  ck_assert (!finish (start ("exec sleep 600"), PATIENCE, cancel, &end, &error));
  ck_assert (vq_error_is_cancelled (error));
  ck_assert_uint_eq (host_channel_n_killed (channel), 1);
}

static gboolean
free_channel (gpointer data)
{
  g_clear_pointer (&channel, vq_channel_free);
  return G_SOURCE_REMOVE;
}

TEST (channel_fails)
{
  VqChannelCall *call = start ("exec sleep 600");
  g_autoptr (GError) error = NULL;
  VqEnd end;

  g_idle_add (free_channel, NULL);
  ck_assert (!finish (call, PATIENCE, NULL, &end, &error));
  ck_assert_str_eq (error->message, "the channel was closed");
}

/* It ends when it has its new size. */
TEST (terminal)
{
  static const char *const argv[]
      = { "sh", "-c", "until [ \"$(stty size)\" = '7 33' ]; do :; done; exit 33", NULL };
  static const char *const environment[] = { NULL };
  const VqTerminal guest = { argv, "/", environment, 24, 80 };
  VqChannelCall *call
      = vq_channel_call_start_terminal (channel, &guest, open_null (), open_null ());

  vq_channel_call_resize (call, 7, 33);
  assert_end (call, VQ_ENDED_EXITED, 33);
}

TEST (resize_after_the_end)
{
  static const char *const argv[] = { "true", NULL };
  static const char *const environment[] = { NULL };
  const VqTerminal guest = { argv, "/", environment, 24, 80 };
  VqChannelCall *call
      = vq_channel_call_start_terminal (channel, &guest, open_null (), open_null ());

  ck_assert (vq_wait_until (nothing_runs, NULL, vq_deadline_in (PATIENCE), NULL, "end", NULL));
  vq_channel_call_resize (call, 7, 33);
  assert_end (call, VQ_ENDED_EXITED, 0);
}
