// SPDX-License-Identifier: GPL-2.0-or-later
/* What only this channel has; what it has in common with others is in check_channel_contract.c. */
#include "channel/exec-client.h"

#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent-job.h"
#include "channel/channel-call.h"
#include "channel/exec-wire.h"
#include "exec-setup.h"
#include "io/unix-socket.h"
#include "suite.h"

static VqChannel *channel;

static void
setup (void)
{
  exec_setup ();
  channel = vq_exec_client_new (exec_socket_path);
}

static void
teardown (void)
{
  g_clear_pointer (&channel, vq_channel_free);
  exec_teardown ();
}

/* Gives the exec-server a channel with terminals. */
static void
add_terminals (void)
{
  vq_exec_server_set_channel (exec_server, NULL);
  vq_channel_free (exec_channel);
  exec_channel = host_channel_new_with_terminals ();
  vq_exec_server_set_channel (exec_server, exec_channel);
}

static int
open_null (void)
{
  return open ("/dev/null", O_RDWR | O_CLOEXEC);
}

CASE ("exec-client", setup, teardown, 100)

TEST (no_server)
{
  g_autoptr (Job) job = NULL;

  g_clear_pointer (&exec_server, vq_exec_server_free);
  job = job_shell (channel, "true");
  ck_assert (!job->done); /* never from inside the call */
  vq_channel_kill (channel, job->command);
  job_assert_failure (job, "nobody listens on ");
}

TEST (server_refuses)
{
  g_autoptr (Job) job = NULL;

  vq_exec_server_set_channel (exec_server, NULL);
  job = job_shell (channel, "true");
  job_assert_failure (job, "the machine is not open");
}

TEST (server_ends)
{
  g_autoptr (Job) job = job_shell (channel, "echo started; sleep 1000");

  g_free (job_first_line (job));
  g_clear_pointer (&exec_server, vq_exec_server_free);
  job_assert_failure (job, "the machine was closed while the command ran");
}

/* A server that dies says nothing; one that is none says something wrong. */
TEST (no_reply)
{
  static const struct
  {
    const char *says, *reason;
  } cases[] = { { "", "went away" }, { "HTTP/1.0 400 Bad Request", "is not a machine's server" } };
  int listener;

  g_clear_pointer (&exec_server, vq_exec_server_free);
  listener = vq_unix_socket_listen (exec_socket_path, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (Job) job = job_shell (channel, "true");
      int fd = accept4 (listener, NULL, NULL, SOCK_CLOEXEC);

      ck_assert_int_eq (write (fd, cases[i].says, strlen (cases[i].says)), strlen (cases[i].says));
      close (fd);
      job_assert_failure (job, cases[i].reason);
    }
  close (listener);
  unlink (exec_socket_path);
}

/* More than a socket takes at once. Nothing waits while it is sent. */
TEST (large_request)
{
  g_autofree char *word = g_strnfill (100000, 'x');
  const char *argv[] = { "sh", "-c", "echo $# ${#9}",
                         "sh", word, word,
                         word, word, word,
                         word, word, word,
                         word, word, word,
                         word, word, NULL };
  g_autoptr (Job) job = job_start (channel, argv, "", 0);

  job_assert_end (job, VQ_ENDED_EXITED, 0);
  job_assert_text (job->out, "13 100000\n");
}

TEST (too_large_request)
{
  g_autofree char *word = g_strnfill (VQ_EXEC_BYTES_MAX, 'x');
  const char *argv[] = { "true", word, NULL };
  g_autoptr (Job) job = job_start (channel, argv, "", 0);

  job_assert_failure (job, "too many or too long arguments");
}

/* It is sent behind the request, even if that is not sent yet. */
TEST (kill_during_large_request)
{
  g_autofree char *word = g_strnfill (100000, 'x');
  const char *argv[] = { "sleep", "1000", word, word, word, word, word, word, word, word, NULL };
  g_autoptr (Job) job = NULL;

  argv[0] = "sh";
  argv[1] = "-c";
  argv[2] = "sleep 1000";
  job = job_start (channel, argv, "", 0);
  vq_channel_kill (channel, job->command);
  job_assert_end (job, VQ_ENDED_SIGNALLED, SIGKILL);
}

TEST (terminal)
{
  static const char *const argv[]
      = { "sh", "-c", "tty >/dev/null && stty size && echo \"$TERM $PWD\"", NULL };
  static const char *const environment[] = { "TERM=vt220", "A=b", NULL };
  const VqTerminal terminal = { argv, "/tmp", environment, 33, 99 };
  int out = memory_file ();
  g_autoptr (GBytes) bytes = NULL;
  VqEnd end;

  add_terminals ();
  ck_assert (vq_channel_call_finish (
      vq_channel_call_start_terminal (channel, &terminal, open_null (), dup (out)), "end",
      vq_deadline_in (PATIENCE), NULL, &end, NULL));
  bytes = take_contents (out);
  ck_assert_int_eq (end.value, 0);
  ck_assert_str_eq (as_string (bytes), "33 99\r\nvt220 /tmp\r\n");
}

TEST (resize)
{
  static const char *const argv[]
      = { "sh", "-c", "until stty size | grep -q '44 111'; do sleep 0.02; done; exit 5", NULL };
  static const char *const environment[] = { NULL };
  const VqTerminal terminal = { argv, "/", environment, 33, 99 };
  VqChannelCall *call;
  VqEnd end;

  add_terminals ();
  call = vq_channel_call_start_terminal (channel, &terminal, open_null (), open_null ());
  vq_channel_call_resize (call, 44, 111);
  ck_assert (vq_channel_call_finish (call, "end", vq_deadline_in (PATIENCE), NULL, &end, NULL));
  ck_assert_int_eq (end.value, 5);
}

TEST (no_terminals)
{
  static const char *const argv[] = { "true", NULL };
  static const char *const environment[] = { NULL };
  const VqTerminal terminal = { argv, "/", environment, 33, 99 };
  g_autoptr (GError) error = NULL;
  VqEnd end;

  ck_assert (!vq_channel_call_finish (
      vq_channel_call_start_terminal (channel, &terminal, open_null (), open_null ()), "end",
      vq_deadline_in (PATIENCE), NULL, &end, &error));
  ck_assert_ptr_nonnull (strstr (error->message, "cannot have a terminal"));
}
