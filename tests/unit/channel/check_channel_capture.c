// SPDX-License-Identifier: GPL-2.0-or-later
#include "channel/channel-capture.h"

#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "agent-job.h"
#include "base/error.h"
#include "host-channel.h"
#include "leaks.h"
#include "suite.h"

#define PATIENCE 60 /* seconds; for things that take none */

static VqChannel *channel;

static void
setup (void)
{
  signal (SIGPIPE, SIG_IGN);
  leaks_begin ();
  channel = host_channel_new ();
}

static void
teardown (void)
{
  g_clear_pointer (&channel, vq_channel_free);
  leaks_assert_none ();
}

static gboolean
nothing_runs (gpointer data)
{
  return host_channel_n_running (channel) == 0;
}

static gboolean
run_shell (const char *script, char **out, GError **error)
{
  const char *argv[] = { "/bin/sh", "-c", script, NULL };

  return vq_channel_capture (channel, argv, out, vq_deadline_in (PATIENCE), NULL, error);
}

CASE ("channel", setup, teardown, 120)

TEST (outputs)
{
  static const struct
  {
    const char *script, *out;
  } cases[] = {
    { "exit 0", "" },
    { "echo hello", "hello\n" },
    { "printf 'no newline'; echo noise >&2", "no newline" },
    { "cat", "" },
    { "pwd", "/\n" },
    { "printf '\\377\\001'", "\377\001" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *out = NULL;

      ck_assert_msg (run_shell (cases[i].script, &out, &error), "%s",
                     error == NULL ? "" : error->message);
      ck_assert_str_eq (out, cases[i].out);
      ck_assert (run_shell (cases[i].script, NULL, NULL));
    }
}

TEST (failures)
{
  static const struct
  {
    const char *script, *message;
  } cases[] = {
    { "exit 1", "sh: exit status 1" },
    { "echo out; exit 255", "sh: exit status 255" },
    { "echo first >&2; echo last line >&2; exit 3", "sh: exit status 3: first last line" },
    { "printf 'no newline' >&2; exit 3", "sh: exit status 3: no newline" },
    { "printf 'last\\n\\n \\n' >&2; exit 3", "sh: exit status 3: last" },
    { "printf '\\n\\n' >&2; exit 3", "sh: exit status 3" },
    { "printf 'red\\033[31m\\n' >&2; exit 3", "sh: exit status 3: red" },
    { "kill -TERM $$", "sh: killed by signal 15" },
    { "echo dying >&2; kill -KILL $$", "sh: killed by signal 9: dying" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *out = NULL;

      ck_assert (!run_shell (cases[i].script, &out, &error));
      ck_assert_str_eq (error->message, cases[i].message);
      ck_assert_ptr_null (out);
    }
}

TEST (long_stderr)
{
  g_autoptr (GError) error = NULL;

  ck_assert (!run_shell ("yes noise | head -c 1000000 >&2; yes | tr -d '\\n' | head -c 5000 >&2; "
                         "printf END >&2; exit 1",
                         NULL, &error));
  ck_assert (g_str_has_prefix (error->message, "sh: exit status 1: ...yyy"));
  ck_assert (g_str_has_suffix (error->message, "yyyEND"));
  ck_assert_uint_lt (strlen (error->message), 700);
}

TEST (output_limit)
{
  for (gint over = -1; over <= 1; over++)
    {
      g_autofree char *script
          = g_strdup_printf ("yes | tr -d '\\n' | head -c %d", VQ_CHANNEL_CAPTURE_MAX + over);
      g_autoptr (GError) error = NULL;
      g_autofree char *out = NULL;

      ck_assert_int_eq (run_shell (script, &out, &error), over <= 0);
      if (over <= 0)
        ck_assert_uint_eq (strlen (out), VQ_CHANNEL_CAPTURE_MAX + over);
      else
        ck_assert_str_eq (error->message, "sh: more than 256 KiB of output");
    }
  ck_assert (vq_wait_until (nothing_runs, NULL, vq_deadline_in (PATIENCE), NULL, "end", NULL));
}

TEST (endless_output)
{
  g_autoptr (GError) error = NULL;

  ck_assert (!run_shell ("exec cat /dev/zero", NULL, &error));
  ck_assert_str_eq (error->message, "sh: more than 256 KiB of output");
  ck_assert_uint_eq (host_channel_n_killed (channel), 1);
  ck_assert (vq_wait_until (nothing_runs, NULL, vq_deadline_in (PATIENCE), NULL, "end", NULL));
}

/* Both are the command's own: nothing of what goes through them is ours. */
TEST (own_descriptors)
{
  static const char *const argv[] = { "sh", "-c", "cat; echo oh no >&2; exit 9", NULL };
  int in = job_make_file ("input", 5);
  int out = job_make_file ("", 0);
  g_autoptr (VqChannelCapture) capture
      = vq_channel_capture_start (channel, argv, in, fcntl (out, F_DUPFD_CLOEXEC, 0), NULL);
  g_autoptr (GError) error = NULL;

  ck_assert (!vq_channel_capture_wait (capture, vq_deadline_in (PATIENCE), NULL, &error));
  ck_assert_str_eq (error->message, "exit status 9: oh no");
  ck_assert_int_eq (vq_channel_capture_get_status (capture), 9);
  job_assert_text (out, "input");
  close (out);
}

/* The pipes do not end, the command does. */
TEST (daemon_left_behind)
{
  g_autofree char *out = NULL;

  ck_assert (run_shell ("sleep 300 & echo $!", &out, NULL));
  ck_assert_int_gt (atoi (out), 1);
  ck_assert_int_eq (kill (atoi (out), SIGKILL), 0);
}

TEST (deadline)
{
  static const char *const argv[] = { "/bin/sleep", "1000", NULL };
  g_autoptr (GError) error = NULL;

  ck_assert (!vq_channel_capture (channel, argv, NULL, vq_deadline_in (0.2), NULL, &error));
  ck_assert (vq_error_is_timeout (error));
  ck_assert (g_str_has_prefix (error->message, "sleep: no end of the command within"));
  ck_assert_uint_eq (host_channel_n_killed (channel), 1);
  ck_assert (vq_wait_until (nothing_runs, NULL, vq_deadline_in (PATIENCE), NULL, "end", NULL));
}

/* Its end is never heard of: the channel goes first. */
TEST (deadline_then_free)
{
  static const char *const argv[] = { "sleep", "1000", NULL };

  ck_assert (!vq_channel_capture (channel, argv, NULL, vq_deadline_in (0.05), NULL, NULL));
}

static gboolean
cancel_it (gpointer data)
{
  g_autoptr (GError) reason = g_error_new (VQ_ERROR, VQ_ERROR_MACHINE, "QEMU has ended");

  vq_cancel_trigger (data, reason);
  return G_SOURCE_REMOVE;
}

TEST (cancelled)
{
  static const char *const argv[] = { "sleep", "1000", NULL };
  g_autoptr (VqCancel) cancel = vq_cancel_new (NULL);
  g_autoptr (GError) error = NULL;

  g_idle_add (cancel_it, cancel);
  ck_assert (!vq_channel_capture (channel, argv, NULL, vq_deadline_in (PATIENCE), cancel, &error));
  ck_assert (vq_error_is_machine (error));
  ck_assert_str_eq (error->message, "sleep: QEMU has ended");
}

static gboolean
free_channel (gpointer data)
{
  g_clear_pointer (&channel, vq_channel_free);
  return G_SOURCE_REMOVE;
}

TEST (channel_fails)
{
  g_autoptr (GError) error = NULL;

  g_idle_add (free_channel, NULL);
  ck_assert (!run_shell ("sleep 1000", NULL, &error));
  ck_assert_str_eq (error->message, "sh: the channel was closed");
}

/* A channel whose command ends in the same turn in which it writes. */

static int instant_out;
static VqCommandDone instant_done;
static gpointer instant_data;

static gboolean
end_instantly (gpointer data)
{
  VqEnd end = { VQ_ENDED_EXITED, 0, NULL };

  ck_assert_int_eq (write (instant_out, "all of it", 9), 9);
  close (instant_out);
  instant_done (&end, instant_data);
  return G_SOURCE_REMOVE;
}

static VqCommand *
instant_start (VqChannel *self, const char *const *argv, int in, int out, int err,
               VqCommandDone done, gpointer data)
{
  close (in);
  close (err);
  instant_out = out;
  instant_done = done;
  instant_data = data;
  g_idle_add (end_instantly, NULL);
  return (VqCommand *)self;
}

TEST (output_comes_with_the_end)
{
  static const VqChannelClass class = { .start = instant_start };
  static const char *const argv[] = { "instant", NULL };
  VqChannel instant = { &class };
  g_autofree char *out = NULL;

  ck_assert (vq_channel_capture (&instant, argv, &out, vq_deadline_in (PATIENCE), NULL, NULL));
  ck_assert_str_eq (out, "all of it");
}

/* With every number of descriptors that is too small. */
TEST (no_descriptors)
{
  struct rlimit before, low;
  g_autoptr (GError) error = NULL;
  int lowest = fcntl (STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
  guint n_failed = 0;

  close (lowest);
  getrlimit (RLIMIT_NOFILE, &before);
  for (int room = 0; room <= 4; room++)
    {
      low = (struct rlimit){ lowest + room, before.rlim_max };
      setrlimit (RLIMIT_NOFILE, &low);
      if (!run_shell ("true", NULL, &error))
        n_failed++;
      g_clear_error (&error);
      setrlimit (RLIMIT_NOFILE, &before);
    }
  ck_assert_uint_eq (n_failed, 5);
  ck_assert_uint_eq (host_channel_n_running (channel), 0);
}
