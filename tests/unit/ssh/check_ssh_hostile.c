// SPDX-License-Identifier: GPL-2.0-or-later
/* The ssh channel with servers that do what they should not. */
#include <check.h>
#include <libssh/server.h>
#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "agent-job.h"
#include "base/error.h"
#include "fake-ssh-server.h"
#include "leaks.h"
#include "ssh/ssh-channel.h"
#include "ssh/ssh-connect.h"
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

/* In KiB; always 0 with valgrind or ASan, which have a malloc of their own. */
static gulong
memory_of_ours (void)
{
  struct mallinfo2 info = mallinfo2 ();

  return (info.uordblks + info.hblkhd) / 1024;
}

/* A channel to a server that does what SCRIPT does; it takes less than 32 MiB. */
static VqChannel *
connect_channel (FakeSshScript script, double seconds, GError **error)
{
  g_autoptr (GError) local = NULL;
  VqSshSession *session;
  VqSshLogin *login;
  VqChannel *channel;
  gulong before;

  server = fake_ssh_server_new (script);
  login = fake_ssh_server_get_login (server);
  session = vq_ssh_connect (login, vq_deadline_in (PATIENCE), NULL, &local);
  ck_assert_msg (session != NULL, "%s", local != NULL ? local->message : "");
  before = memory_of_ours ();
  channel = vq_ssh_channel_new (session, login, vq_deadline_in (seconds), NULL, error);
  ck_assert_uint_lt (memory_of_ours (), before + 32 * 1024);
  return channel;
}

/* Runs "true" on such a server: it fails, or not if TEXT is NULL. */
static void
run_true (FakeSshScript script, double seconds, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VqChannel) channel = connect_channel (script, seconds, &error);

  if (text == NULL)
    ck_assert_msg (channel != NULL, "%s", error != NULL ? error->message : "");
  else
    {
      ck_assert_ptr_null (channel);
      ck_assert_msg (strstr (error->message, text) != NULL, "%s", error->message);
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
  ssh_channel_write (channel, "hello\n\033[2J", 10);
  end (channel, 0);
}

TEST (no_mark)
{
  run_true (has_no_mark, PATIENCE, "did not start the command: [2J");
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

/* The low byte counts, as everywhere. */
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

/* It answers nothing after the end, and does not close. */
TEST (silent_after_the_end)
{
  run_true (says_no_more, 1, "no end of the command within 1 s");
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
  ssh_session_set_disconnect_message (ssh, "\033[2Jbye\nbye");
  ssh_set_fd_towrite (ssh);
  ssh_disconnect (ssh);
}

TEST (disconnected)
{
  run_true (disconnects, PATIENCE, "is lost: Received SSH_MSG_DISCONNECT: 11: [2Jbye bye");
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

/* The answers would pile up here; the server's reads none. */
TEST (questions_without_end)
{
  run_true (asks_on, 2 * PATIENCE, "asks much, but does not read the answers");
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

/* They are declined, and not kept. */
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

static ssh_message
get_message (ssh_session ssh)
{
  ssh_message message = ssh_message_get (ssh);

  if (message == NULL)
    fake_ssh_server_leave ();
  return message;
}

static void
refuse (ssh_message message)
{
  ssh_message_reply_default (message);
  ssh_message_free (message);
}

/* Admits a command and runs it. If another one comes meanwhile, it is returned. */
static ssh_message
run_command (ssh_session ssh)
{
  ssh_message open = get_message (ssh);
  ssh_channel channel = ssh_message_channel_request_open_reply_accept (open);
  ssh_message message = get_message (ssh);
  ssh_message other = NULL;

  if (ssh_message_type (message) == SSH_REQUEST_CHANNEL_OPEN)
    {
      other = message;
      message = get_message (ssh);
    }
  ssh_message_channel_request_reply_success (message);
  does_well (ssh, channel);
  ssh_message_free (message);
  ssh_message_free (open);
  return other;
}

/* Of two commands it takes one at a time, but says so only when the first is over. */
static void
refuses_late (ssh_session ssh, ssh_channel channel)
{
  ssh_message other;

  does_well (ssh, channel);
  other = run_command (ssh);
  ssh_blocking_flush (ssh, -1);
  fake_ssh_server_wait_for_test ();
  refuse (other != NULL ? other : get_message (ssh));
  run_command (ssh);
}

static gboolean
is_one_done (gpointer data)
{
  Job **jobs = data;

  return jobs[0]->done || jobs[1]->done;
}

TEST (refused_late)
{
  g_autoptr (VqChannel) channel = connect_channel (refuses_late, PATIENCE, NULL);
  Job *jobs[2];

  ck_assert_ptr_nonnull (channel);
  for (int i = 0; i < 2; i++)
    jobs[i] = job_shell (channel, "exit");
  ck_assert (vq_wait_until (is_one_done, jobs, vq_deadline_in (PATIENCE), NULL, "end", NULL));
  fake_ssh_server_go_on ();
  for (int i = 0; i < 2; i++)
    {
      job_assert_end (jobs[i], VQ_ENDED_EXITED, 0);
      job_free (jobs[i]);
    }
}

static void
refuses_all (ssh_session ssh, ssh_channel channel)
{
  does_well (ssh, channel);
  for (;;)
    refuse (get_message (ssh));
}

TEST (refused_always)
{
  g_autoptr (VqChannel) channel = connect_channel (refuses_all, PATIENCE, NULL);
  Job *jobs[3];

  ck_assert_ptr_nonnull (channel);
  for (int i = 0; i < 3; i++)
    jobs[i] = job_shell (channel, "exit");
  for (int i = 0; i < 3; i++)
    {
      job_assert_failure (jobs[i], "the ssh server in the guest starts no command");
      job_free (jobs[i]);
    }
}
