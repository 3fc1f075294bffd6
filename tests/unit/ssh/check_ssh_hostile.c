// SPDX-License-Identifier: GPL-2.0-or-later
/* Tests the ssh channel with servers that misbehave. */
#include <check.h>
#include <libssh/server.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "agent-job.h"
#include "base/error.h"
#include "channel/channel-capture.h"
#include "fake-ssh-server.h"
#include "leaks.h"
#include "ssh/ssh-channel.h"
#include "suite.h"

#define PATIENCE 60 /* seconds; for things that take none */

static FakeSshServer *server;

static void
setup (void)
{
  signal (SIGPIPE, SIG_IGN);
}

static void
teardown (void)
{
  g_clear_pointer (&server, fake_ssh_server_free);
}

/* The peak memory of the programs that have ended, in KiB. The server still runs, so it does not
 * count; but with CK_FORK=no the programs of earlier tests do. 0 with ASan, which keeps freed
 * memory. */
static long
get_peak_of_programs (void)
{
  struct rusage usage;

#ifdef __SANITIZE_ADDRESS__
  return 0;
#endif
  ck_assert_int_eq (getrusage (RUSAGE_CHILDREN, &usage), 0);
  return g_strcmp0 (g_getenv ("CK_FORK"), "no") == 0 ? 0 : usage.ru_maxrss;
}

/* Runs "true" on a server that follows SCRIPT. It fails with TEXT, or succeeds if TEXT is NULL, and
 * takes less than 32 MiB. */
static void
run_true (FakeSshScript script, double seconds, const char *text)
{
  static const char *const argv[] = { "true", NULL };
  g_autoptr (GError) error = NULL;
  VqChannel *channel;
  gboolean done;

  server = fake_ssh_server_new (script);
  channel = vq_ssh_channel_new (fake_ssh_server_get_login (server), vq_deadline_in (PATIENCE));
  done = vq_channel_capture (channel, argv, NULL, vq_deadline_in (seconds), NULL, &error);
  vq_channel_free (channel);
  ck_assert_int_lt (get_peak_of_programs (), 32 * 1024);
  if (text == NULL)
    ck_assert_msg (done, "%s", error != NULL ? error->message : "");
  else
    {
      ck_assert (!done);
      ck_assert_msg (strstr (error->message, text) != NULL, "%s", error->message);
      ck_assert_ptr_null (strpbrk (error->message, "\033\n"));
    }
}

static void
start (ssh_channel channel)
{
  ssh_channel_write (channel, "\001vq 12345\n", 10);
  ssh_channel_write_stderr (channel, "\001vq 12345\n", 10);
}

static void
end (ssh_channel channel, int status)
{
  ssh_channel_request_send_exit_status (channel, status);
  ssh_channel_send_eof (channel);
  ssh_channel_close (channel);
}

static void
does_well (ssh_session ssh, ssh_channel channel)
{
  start (channel);
  end (channel, 0);
}

CASE ("servers", setup, teardown, 240)

TEST (a_good_one)
{
  run_true (does_well, PATIENCE, NULL);
}

static void
has_no_mark (ssh_session ssh, ssh_channel channel)
{
  ssh_channel_write (channel, "hello\n\033[2Jno", 12);
  end (channel, 0);
}

TEST (no_mark)
{
  run_true (has_no_mark, PATIENCE, "did not start the command: no");
}

static void
has_no_status (ssh_session ssh, ssh_channel channel)
{
  start (channel);
  ssh_channel_send_eof (channel);
  ssh_channel_close (channel);
}

TEST (no_status)
{
  run_true (has_no_status, PATIENCE, "it does not tell how the command ended");
}

static void
has_large_status (ssh_session ssh, ssh_channel channel)
{
  start (channel);
  end (channel, 0x12300);
}

/* Only the low byte of an exit status counts, as everywhere. */
TEST (large_status)
{
  run_true (has_large_status, PATIENCE, NULL);
}

static void
has_odd_signal (ssh_session ssh, ssh_channel channel)
{
  start (channel);
  ssh_channel_request_send_exit_signal (channel, "\033[2J", 1, "", "");
  ssh_channel_close (channel);
}

TEST (odd_signal)
{
  run_true (has_odd_signal, PATIENCE, "killed by signal 6");
}

static void
ends_twice (ssh_session ssh, ssh_channel channel)
{
  start (channel);
  ssh_channel_request_send_exit_status (channel, 0);
  ssh_channel_request_send_exit_status (channel, 1);
  ssh_channel_request_send_exit_signal (channel, "KILL", 0, "", "");
  end (channel, 2);
}

TEST (two_ends)
{
  run_true (ends_twice, PATIENCE, NULL);
}

static void
says_no_more (ssh_session ssh, ssh_channel channel)
{
  start (channel);
  ssh_channel_request_send_exit_status (channel, 0);
  pause ();
}

/* After the command's end the server answers nothing, and does not close the channel. */
TEST (silent_after_the_end)
{
  run_true (says_no_more, 2, "no end of the command within ");
}

static void
goes_away (ssh_session ssh, ssh_channel channel)
{
  start (channel);
  fake_ssh_server_leave ();
}

TEST (gone)
{
  run_true (goes_away, PATIENCE, "the ssh connection to the guest is lost: ");
}

static void
disconnects (ssh_session ssh, ssh_channel channel)
{
  char input[4096];

  /* Otherwise the client's next packet could fail first, with an error that says less. */
  while (ssh_channel_read (channel, input, sizeof input, 0) > 0)
    ;
  ssh_session_set_disconnect_message (ssh, "\033[2Jbye\nbye");
  ssh_set_fd_towrite (ssh);
  ssh_disconnect (ssh);
}

/* Not every libssh tells what the server has said, but none tells it raw. */
TEST (disconnected)
{
  run_true (disconnects, PATIENCE, "the ssh connection to the guest is lost: ");
}

static void
asks_on (ssh_session ssh, ssh_channel channel)
{
  start (channel);
  fake_ssh_server_be_deaf ();
  ssh_set_blocking (ssh, FALSE);
  for (;;)
    {
      ssh_channel other = ssh_channel_new (ssh);

      if (ssh_channel_open_reverse_forward (other, "localhost", 1, "localhost", 1) == SSH_ERROR)
        fake_ssh_server_leave ();
      ssh_channel_free (other);
      while ((ssh_get_status (ssh) & SSH_WRITE_PENDING) != 0)
        ssh_blocking_flush (ssh, 100);
    }
}

/* The server asks without end and reads no answer; the answers do not fill our memory. */
TEST (questions_without_end)
{
  run_true (asks_on, PATIENCE, "is lost: the server asks without end");
}

static void
opens_channels (ssh_session ssh, ssh_channel channel)
{
  start (channel);
  for (guint i = 0; i < 20000; i++)
    {
      ssh_channel other = ssh_channel_new (ssh);

      ssh_channel_open_reverse_forward (other, "localhost", 1, "localhost", 1);
      ssh_channel_free (other);
    }
  end (channel, 0);
}

/* The server's requests are declined and not kept. */
TEST (channels_from_the_server)
{
  run_true (opens_channels, PATIENCE, NULL);
}

static void
writes_on_after_the_end (ssh_session ssh, ssh_channel channel)
{
  static char block[32768];

  start (channel);
  ssh_channel_request_send_exit_status (channel, 0);
  while (ssh_channel_write (channel, block, sizeof block) > 0)
    ;
}

/* vq_channel_capture takes no more than 256 KiB. */
TEST (output_without_end)
{
  run_true (writes_on_after_the_end, PATIENCE, "more than 256 KiB of output");
}

static void
hears_nothing (ssh_session ssh, ssh_channel channel)
{
  start (channel);
  fake_ssh_server_be_deaf ();
  fake_ssh_server_wait_for_test ();
}

/* The program waits for the server, which it asks to kill the command, until it is killed itself.
 */
TEST (killed_in_vain)
{
  VqChannel *channel;
  g_autoptr (Job) job = NULL;

  server = fake_ssh_server_new (hears_nothing);
  channel = vq_ssh_channel_new (fake_ssh_server_get_login (server), vq_deadline_in (PATIENCE));
  job = job_shell (channel, "true");
  ck_assert (vq_wait_pause (2000, NULL, NULL));
  vq_channel_kill (channel, job->command);
  job_assert_end (job, VQ_ENDED_SIGNALLED, SIGKILL);
  vq_channel_free (channel);
}
