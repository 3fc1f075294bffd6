// SPDX-License-Identifier: GPL-2.0-or-later
/* What every channel promises (channel/channel.h), asked of each of them: the guest helper's, with
 * the real helper on this machine; ssh's, with the real sshd on this machine; the channel of
 * the tests, which stands for them elsewhere; and that of other processes, over the latter. What
 * only one of them has is in its own tests. */
#include "channel/channel.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent-job.h"
#include "base/error.h"
#include "channel/exec-client.h"
#include "channel/channel-capture.h"
#include "exec-setup.h"
#include "helper-process.h"
#include "helper/helper-channel.h"
#include "host-agent.h"
#include "host-channel.h"
#include "host-sshd.h"
#include "leaks.h"
#include "ssh/ssh-channel.h"
#include "suite.h"

#define MIB (1024 * 1024)

static GPid helper;
static VqHelperPort *port;
static HostSshd *sshd;
static VqChannel *channel;
static VqChannel *(*make_channel) (void);

static VqChannel *
make_helper_channel (void)
{
  return vq_helper_channel_new (port);
}

static void
set_up_helper (void)
{
  leaks_begin ();
  port = vq_helper_port_new (helper_process_start (&helper));
  ck_assert (vq_helper_port_sync (port, vq_deadline_in (PATIENCE), NULL, NULL));
  make_channel = make_helper_channel;
  channel = make_channel ();
}

static void
tear_down_helper (void)
{
  g_clear_pointer (&channel, vq_channel_free);
  g_clear_pointer (&port, vq_helper_port_free);
  helper_process_stop (-1, helper);
  host_agent_assert_no_orphans ();
  leaks_assert_none ();
}

static VqChannel *
make_ssh_channel (void)
{
  return vq_ssh_channel_new (host_sshd_get_login (sshd), vq_deadline_in (PATIENCE));
}

static void
set_up_ssh (void)
{
  leaks_begin ();
  sshd = host_sshd_new (NULL);
  make_channel = make_ssh_channel;
  channel = make_channel ();
}

static void
tear_down_ssh (void)
{
  g_clear_pointer (&channel, vq_channel_free);
  g_clear_pointer (&sshd, host_sshd_free);
  host_agent_assert_no_orphans ();
  leaks_assert_none ();
}

static void
set_up_host (void)
{
  leaks_begin ();
  make_channel = host_channel_new;
  channel = make_channel ();
}

static void
tear_down_host (void)
{
  g_clear_pointer (&channel, vq_channel_free);
  host_agent_assert_no_orphans ();
  leaks_assert_none ();
}

static VqChannel *
make_exec_client (void)
{
  return vq_exec_client_new (exec_socket_path);
}

static void
set_up_exec (void)
{
  exec_setup ();
  make_channel = make_exec_client;
  channel = make_channel ();
}

static void
tear_down_exec (void)
{
  g_clear_pointer (&channel, vq_channel_free);
  exec_teardown ();
  host_agent_assert_no_orphans ();
}

int
suite_prepare (int argc, char **argv)
{
  host_agent_adopt_orphans ();
  return -1;
}

static gboolean
is_gone (gpointer data)
{
  return kill (*(pid_t *)data, 0) < 0 && errno == ESRCH;
}

static void
make_pipe (int ends[2])
{
  ck_assert_int_eq (pipe2 (ends, O_CLOEXEC), 0);
}

static guint8 *
random_bytes (gsize n)
{
  guint8 *bytes = g_malloc (n + 4);

  for (gsize i = 0; i < n; i += 4)
    {
      guint32 number = g_random_int ();

      memcpy (bytes + i, &number, 4);
    }
  return bytes;
}

CASE ("helper", set_up_helper, tear_down_helper, 240)

TEST (separate_streams)
{
  g_autoptr (Job) job = job_shell (channel, "echo out; echo err >&2; exit 7");

  job_assert_end (job, VQ_ENDED_EXITED, 7);
  job_assert_text (job->out, "out\n");
  job_assert_text (job->err, "err\n");
}

/* All at once; also the statuses that the programs on the way use for themselves. */
TEST (exit_codes)
{
  static const int codes[] = { 0, 1, 2, 125, 126, 127, 128, 129, 137, 200, 252, 253, 254, 255 };
  Job *jobs[G_N_ELEMENTS (codes)];

  for (guint i = 0; i < G_N_ELEMENTS (codes); i++)
    {
      g_autofree char *script = g_strdup_printf ("exit %d", codes[i]);

      jobs[i] = job_shell (channel, script);
    }
  for (guint i = 0; i < G_N_ELEMENTS (codes); i++)
    {
      job_assert_end (jobs[i], VQ_ENDED_EXITED, codes[i]);
      job_free (jobs[i]);
    }
}

TEST (signals)
{
  static const int numbers[] = { SIGHUP, SIGINT, SIGKILL, SIGUSR1, SIGSEGV, SIGPIPE, SIGTERM };

  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    {
      g_autofree char *script = g_strdup_printf ("ulimit -c 0; kill -%d $$", numbers[i]);
      g_autoptr (Job) job = job_shell (channel, script);

      job_assert_end (job, VQ_ENDED_SIGNALLED, numbers[i]);
    }
}

/* Words are of any bytes but NUL, and no shell looks at them. */
TEST (words)
{
  static const char *const argv[] = {
    "printf", "<%s>", "", "a b", "$(id) `id` ; * \\", "'\"", "line\nbreak", "\377\001", NULL
  };
  g_autoptr (Job) job = job_start (channel, argv, "", 0);

  job_assert_end (job, VQ_ENDED_EXITED, 0);
  job_assert_text (job->out, "<><a b><$(id) `id` ; * \\><'\"><line\nbreak><\377\001>");
}

TEST (missing_program)
{
  static const char *const argv[] = { "/no/such/program", NULL };
  g_autoptr (Job) job = job_start (channel, argv, "", 0);

  job_assert_end (job, VQ_ENDED_EXITED, 127);
}

/* Around the sizes of frames, pipes and windows. */
static const gsize sizes[] = { 0,     1,     32759,  32760,  32761,  65519,  65520,  65521,  65535,
                               65536, 65537, 262143, 262144, 262145, 327679, 327680, 8 * MIB };

TEST (through_cat)
{
  static const char *const argv[] = { "cat", NULL };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autofree guint8 *bytes = random_bytes (sizes[i]);
      g_autoptr (Job) job = job_start (channel, argv, bytes, sizes[i]);
      g_autoptr (GBytes) got = NULL;

      job_assert_end (job, VQ_ENDED_EXITED, 0);
      got = job_read_file (job->out);
      ck_assert_uint_eq (g_bytes_get_size (got), sizes[i]);
      if (sizes[i] > 0)
        ck_assert_int_eq (memcmp (g_bytes_get_data (got, NULL), bytes, sizes[i]), 0);
      job_assert_text (job->err, "");
    }
}

TEST (both_outputs_at_once)
{
  g_autoptr (Job) job
      = job_shell (channel, "yes out | head -c 1000000 & yes err | head -c 1000000 >&2; wait");
  const int fds[] = { job->out, job->err };

  job_assert_end (job, VQ_ENDED_EXITED, 0);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GBytes) got = job_read_file (fds[i]);
      const char *text = g_bytes_get_data (got, NULL);
      gboolean right = TRUE;

      ck_assert_uint_eq (g_bytes_get_size (got), 1000000);
      for (gsize at = 0; at < 1000000; at++)
        right &= text[at] == (i == 0 ? "out\n" : "err\n")[at % 4];
      ck_assert (right);
    }
}

/* The command gets SIGPIPE, as from any pipe. */
TEST (reader_goes_away)
{
  static const char *const argv[] = { "yes", NULL };
  g_autoptr (Job) job = NULL;
  char byte;
  int ends[2];

  make_pipe (ends);
  job = job_start_with (channel, argv, job_make_file ("", 0), ends[1]);
  ck_assert (vq_wait_fd (ends[0], G_IO_IN, vq_deadline_in (PATIENCE), NULL, "output", NULL));
  ck_assert_int_eq (read (ends[0], &byte, 1), 1);
  close (ends[0]);
  job_assert_end (job, VQ_ENDED_SIGNALLED, SIGPIPE);
}

/* A command ends although its input does not. */
TEST (stdin_stays_open)
{
  static const char *const argv[] = { "sh", "-c", "exit 3", NULL };
  g_autoptr (Job) job = NULL;
  int ends[2];

  make_pipe (ends);
  job = job_start_with (channel, argv, ends[0], job_make_file ("", 0));
  job_assert_end (job, VQ_ENDED_EXITED, 3);
  close (ends[1]);
}

TEST (stdin_not_read)
{
  static const char *const argv[] = { "sh", "-c", "exec <&-; echo closed; exit 4", NULL };
  g_autofree guint8 *bytes = random_bytes (8 * MIB);
  g_autoptr (Job) job = job_start (channel, argv, bytes, 8 * MIB);

  job_assert_end (job, VQ_ENDED_EXITED, 4);
  job_assert_text (job->out, "closed\n");
}

/* Its output is complete, though the end of it never comes. */
TEST (daemon_holds_stdout)
{
  g_autoptr (Job) job = job_shell (channel, "sleep 300 & echo $!; seq 1 20000 | tail -n 1");
  g_autofree char *text = NULL;

  job_assert_end (job, VQ_ENDED_EXITED, 0);
  text = job_read_text (job->out);
  ck_assert (g_str_has_suffix (text, "\n20000\n"));
  ck_assert_int_eq (kill (atoi (text), SIGKILL), 0);
}

TEST (twenty_at_once)
{
  Job *jobs[20];

  for (int i = 0; i < 20; i++)
    {
      g_autofree char *script = g_strdup_printf ("cat; echo %d; exit %d", i, i);
      const char *const argv[] = { "sh", "-c", script, NULL };

      jobs[i] = job_start (channel, argv, "words\n", 6);
    }
  for (int i = 0; i < 20; i++)
    {
      g_autofree char *expected = g_strdup_printf ("words\n%d\n", i);

      job_assert_end (jobs[i], VQ_ENDED_EXITED, i);
      job_assert_text (jobs[i]->out, expected);
      job_free (jobs[i]);
    }
}

/* With all of its process group; to say it twice is fine. */
TEST (kill_running)
{
  g_autoptr (Job) job = job_shell (channel, "sleep 1000 & echo $$ $!; wait");
  g_autofree char *line = job_first_line (job);
  g_auto (GStrv) pids = g_strsplit (line, " ", -1);

  vq_channel_kill (channel, job->command);
  vq_channel_kill (channel, job->command);
  job_assert_end (job, VQ_ENDED_SIGNALLED, SIGKILL);
  ck_assert_uint_eq (g_strv_length (pids), 2);
  for (char **word = pids; *word != NULL; word++)
    {
      pid_t pid = atoi (*word);

      ck_assert_int_gt (pid, 1);
      /* A dead orphan is ours to reap. */
      ck_assert (is_gone (&pid) || kill (pid, SIGKILL) == 0);
    }
}

/* The command may handle it. Where signals cannot be passed on, we are told so. */
TEST (pass_signals)
{
  static const int numbers[] = { SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGTERM };

  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    {
      g_autofree char *script = g_strdup_printf (
          "trap 'exit 7' %d; echo ready; while :; do sleep 0.02; done", numbers[i]);
      g_autoptr (Job) job = job_shell (channel, script);

      g_free (job_first_line (job));
      if (vq_channel_signal (channel, job->command, numbers[i]))
        {
          job_assert_end (job, VQ_ENDED_EXITED, 7);
          continue;
        }
      vq_channel_kill (channel, job->command);
      job_assert_end (job, VQ_ENDED_SIGNALLED, SIGKILL);
    }
}

TEST (kill_before_start)
{
  for (guint pause = 0; pause <= 40; pause += 4)
    {
      g_autoptr (Job) job = job_shell (channel, "sleep 1000");

      ck_assert (pause == 0 || vq_wait_pause (pause, NULL, NULL));
      vq_channel_kill (channel, job->command);
      job_assert_end (job, VQ_ENDED_SIGNALLED, SIGKILL);
    }
}

TEST (kill_with_nobody_reading)
{
  static const char *const argv[] = { "yes", NULL };
  g_autoptr (Job) job = NULL;
  int ends[2];

  make_pipe (ends);
  job = job_start_with (channel, argv, job_make_file ("", 0), ends[1]);
  ck_assert (vq_wait_fd (ends[0], G_IO_IN, vq_deadline_in (PATIENCE), NULL, "output", NULL));
  ck_assert (vq_wait_pause (300, NULL, NULL));
  vq_channel_kill (channel, job->command);
  job_assert_end (job, VQ_ENDED_SIGNALLED, SIGKILL);
  close (ends[0]);
}

/* Commands that run and commands that start fail; a new channel to the same guest works. What ssh
 * leaves running ends soon, as nobody reads what it says. */
TEST (free_with_commands)
{
  g_autoptr (Job) running
      = job_shell (channel, "echo started; while echo x >&2; do sleep 0.1; done");
  g_autoptr (Job) starting = NULL;
  g_autoptr (Job) next = NULL;

  g_free (job_first_line (running));
  starting = job_shell (channel, "sleep 1");
  vq_channel_free (channel);
  channel = make_channel ();
  job_assert_failure (running, "closed");
  job_assert_failure (starting, "closed");
  next = job_shell (channel, "exit 5");
  job_assert_end (next, VQ_ENDED_EXITED, 5);
}

TEST (capture_with_a_deadline)
{
  static const char *const argv[] = { "sleep", "10", NULL };
  g_autoptr (GError) error = NULL;

  ck_assert (!vq_channel_capture (channel, argv, NULL, vq_deadline_in (0.1), NULL, &error));
  ck_assert (vq_error_is_timeout (error));
}

TEST (thirty_one_after_the_other)
{
  static const char *const argv[] = { "echo", "out", NULL };

  for (int i = 0; i < 30; i++)
    {
      g_autofree char *out = NULL;

      ck_assert (vq_channel_capture (channel, argv, &out, vq_deadline_in (PATIENCE), NULL, NULL));
      ck_assert_str_eq (out, "out\n");
    }
}

CASE_LIKE ("ssh", "helper", set_up_ssh, tear_down_ssh, 240)
CASE_LIKE ("host", "helper", set_up_host, tear_down_host, 240)
CASE_LIKE ("exec", "helper", set_up_exec, tear_down_exec, 240)
