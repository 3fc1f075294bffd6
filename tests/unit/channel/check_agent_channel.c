// SPDX-License-Identifier: GPL-2.0-or-later
/* The agent channel with the real qemu-ga and the real runner, on this machine. */
#include "channel/agent-channel.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent-job.h"
#include "channel/channel-capture.h"
#include "base/error.h"
#include "host-agent.h"
#include "leaks.h"
#include "suite.h"

#define PATIENCE 60 /* seconds; for things that take none */
#define MIB (1024 * 1024)

static HostAgent *host;
static VqChannel *channel;

static void
setup (void)
{
  g_autofree char *directory = NULL;
  g_autoptr (GError) error = NULL;

  signal (SIGPIPE, SIG_IGN);
  leaks_begin ();
  host = host_agent_new ();
  directory = g_build_filename (host_agent_get_directory (host), "channel", NULL);
  channel = vq_agent_channel_new (host_agent_get (host), directory, vq_deadline_in (PATIENCE), NULL,
                                  &error);
  ck_assert_msg (channel != NULL, "%s", error != NULL ? error->message : "");
}

static void
teardown (void)
{
  g_clear_pointer (&channel, vq_channel_free);
  g_clear_pointer (&host, host_agent_free);
  host_agent_assert_no_orphans ();
  leaks_assert_none ();
}

static gboolean
is_gone (gpointer data)
{
  return kill (*(pid_t *)data, 0) < 0 && errno == ESRCH;
}

int
suite_prepare (int argc, char **argv)
{
  g_setenv ("LANG", "C.UTF-8", TRUE);
  g_setenv ("LC_TIME", "C", TRUE);
  g_setenv ("VQ_CHECK", "not to be seen", TRUE);
  host_agent_adopt_orphans ();
  return -1;
}

CASE ("qemu-ga", setup, teardown, 240)

TEST (separate_streams)
{
  g_autoptr (Job) job = job_shell (channel, "echo out; echo err >&2; exit 7");

  job_assert_end (job, VQ_ENDED_EXITED, 7);
  job_assert_text (job->out, "out\n");
  job_assert_text (job->err, "err\n");
}

TEST (exit_codes)
{
  for (int first = 0; first < 256; first += 32)
    {
      Job *jobs[32];

      for (int i = 0; i < 32; i++)
        {
          g_autofree char *script = g_strdup_printf ("exit %d", first + i);

          jobs[i] = job_shell (channel, script);
        }
      for (int i = 0; i < 32; i++)
        {
          job_assert_end (jobs[i], VQ_ENDED_EXITED, first + i);
          job_free (jobs[i]);
        }
    }
}

TEST (signals)
{
  static const int numbers[]
      = { SIGHUP, SIGINT, SIGQUIT, SIGILL, SIGABRT, SIGKILL, SIGSEGV, SIGPIPE, SIGTERM, SIGUSR1 };

  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    {
      g_autofree char *script = g_strdup_printf ("ulimit -c 0; kill -%d $$", numbers[i]);
      g_autoptr (Job) job = job_shell (channel, script);

      job_assert_end (job, VQ_ENDED_SIGNALLED, numbers[i]);
    }
}

TEST (cannot_run)
{
  static const struct
  {
    const char *program;
    int status;
    const char *message;
  } cases[] = {
    { "/nonexistent", 127, "cannot run /nonexistent: No such file or directory\n" },
    { "no-such-program", 127, "cannot run no-such-program: No such file or directory\n" },
    { "", 127, "cannot run : No such file or directory\n" },
    { "/etc/passwd", 126, "cannot run /etc/passwd: Permission denied\n" },
    { "/etc", 126, "cannot run /etc: Permission denied\n" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const char *const argv[] = { cases[i].program, "word", NULL };
      g_autoptr (Job) job = job_start (channel, argv, "", 0);

      job_assert_end (job, VQ_ENDED_EXITED, cases[i].status);
      job_assert_text (job->err, cases[i].message);
      job_assert_text (job->out, "");
    }
}

TEST (words)
{
  g_autofree char *all = g_malloc (256);
  g_autofree char *large = g_strnfill (100 * 1024, 'L');
  const char *const argv[] = {
    "sh", "-c", "printf '%s\\0' \"$@\"", "sh", "", all, "", "a b\n", "$(id)", "*", "--", large,
    "",   NULL
  };
  g_autoptr (GByteArray) expected = g_byte_array_new ();
  g_autoptr (GBytes) got = NULL;
  g_autoptr (Job) job = NULL;

  for (int i = 0; i < 255; i++)
    all[i] = (char)(i + 1);
  all[255] = '\0';
  for (const char *const *word = argv + 4; *word != NULL; word++)
    g_byte_array_append (expected, (const guint8 *)*word, strlen (*word) + 1);
  job = job_start (channel, argv, "", 0);
  job_assert_end (job, VQ_ENDED_EXITED, 0);
  got = job_read_file (job->out);
  ck_assert_uint_eq (g_bytes_get_size (got), expected->len);
  ck_assert_mem_eq (g_bytes_get_data (got, NULL), expected->data, expected->len);
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

TEST (through_cat)
{
  static const gsize sizes[]
      = { 0, 1, 24575, 24576, 24577, 49151, 49152, 49153, 65535, 65536, 65537, 8 * MIB };
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

      ck_assert_uint_eq (g_bytes_get_size (got), 1000000);
      for (gsize at = 0; at < 1000000; at++)
        ck_assert_int_eq (text[at], (i == 0 ? "out\n" : "err\n")[at % 4]);
    }
}

static void
make_pipe (int ends[2])
{
  ck_assert_int_eq (pipe2 (ends, O_CLOEXEC), 0);
}

/* Nobody reads for a second. Then somebody reads now and then, and nothing is lost. */
TEST (slow_reader)
{
  static const char *const argv[] = { "sh", "-c", "seq 1 60000", NULL };
  g_autoptr (GString) expected = g_string_new (NULL);
  g_autoptr (GString) got = g_string_new (NULL);
  g_autoptr (Job) job = NULL;
  char buffer[50000];
  int ends[2];
  gssize n;

  make_pipe (ends);
  for (int i = 1; i <= 60000; i++)
    g_string_append_printf (expected, "%d\n", i);
  job = job_start_with (channel, argv, job_make_file ("", 0), ends[1]);
  ck_assert (vq_wait_pause (1000, NULL, NULL));
  ck_assert (!job->done);
  do
    {
      ck_assert (vq_wait_pause (20, NULL, NULL));
      ck_assert_int_eq (fcntl (ends[0], F_SETFL, O_NONBLOCK), 0);
      n = read (ends[0], buffer, sizeof buffer);
      ck_assert (n >= 0 || errno == EAGAIN);
      g_string_append_len (got, buffer, MAX (n, 0));
    }
  while (n != 0);
  close (ends[0]);
  job_assert_end (job, VQ_ENDED_EXITED, 0);
  ck_assert_uint_eq (got->len, expected->len);
  ck_assert (g_string_equal (got, expected));
}

/* The command gets SIGPIPE, as from any pipe. */
TEST (reader_goes_away)
{
  static const char *const argv[] = { "yes", NULL };
  g_autoptr (Job) job = NULL;
  int ends[2];

  make_pipe (ends);
  close (ends[0]);
  job = job_start_with (channel, argv, job_make_file ("", 0), ends[1]);
  job_assert_end (job, VQ_ENDED_SIGNALLED, SIGPIPE);
}

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
  g_autofree guint8 *bytes = random_bytes (MIB);
  g_autoptr (Job) job = job_start (channel, argv, bytes, MIB);

  job_assert_end (job, VQ_ENDED_EXITED, 4);
  job_assert_text (job->out, "closed\n");
}

TEST (daemon_holds_stdout)
{
  gint64 start = g_get_monotonic_time ();
  g_autoptr (Job) job = job_shell (channel, "sleep 300 & echo $!; seq 1 20000 | tail -n 1");
  g_autofree char *text = NULL;

  job_assert_end (job, VQ_ENDED_EXITED, 0);
  ck_assert_int_lt (g_get_monotonic_time () - start, 10 * G_USEC_PER_SEC);
  text = job_read_text (job->out);
  ck_assert (g_str_has_suffix (text, "\n20000\n"));
  ck_assert_int_eq (kill (atoi (text), SIGKILL), 0);
}

TEST (daemon_writes_forever)
{
  g_autoptr (Job) job = job_shell (channel, "yes & echo started >&2");
  g_autoptr (GBytes) got = NULL;

  job_assert_end (job, VQ_ENDED_EXITED, 0);
  job_assert_text (job->err, "started\n");
  got = job_read_file (job->out);
  ck_assert_uint_lt (g_bytes_get_size (got), 4 * MIB);
  /* it dies of SIGPIPE, or the teardown fails */
}

TEST (thirty_at_once)
{
  Job *jobs[30];
  gint64 start = g_get_monotonic_time ();

  for (int i = 0; i < 30; i++)
    {
      g_autofree char *script = g_strdup_printf ("sleep 1; echo %d; exit %d", i, i);

      jobs[i] = job_shell (channel, script);
    }
  for (int i = 0; i < 30; i++)
    {
      g_autofree char *expected = g_strdup_printf ("%d\n", i);

      job_assert_end (jobs[i], VQ_ENDED_EXITED, i);
      job_assert_text (jobs[i]->out, expected);
      job_free (jobs[i]);
    }
  ck_assert_int_lt (g_get_monotonic_time () - start, 20 * G_USEC_PER_SEC);
}

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

/* That dead orphans are dead is for the teardown to see; here that nothing of it runs. */
TEST (kill_what_writes)
{
  g_autoptr (Job) job = job_shell (channel, "yes & yes >&2 & wait");

  g_free (job_first_line (job)); /* it writes */
  vq_channel_kill (channel, job->command);
  job_assert_end (job, VQ_ENDED_SIGNALLED, SIGKILL);
}

TEST (kill_before_start)
{
  for (guint pause = 0; pause <= 100; pause += 10)
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
  job_wait (job);
  ck_assert_int_eq (job->kind, VQ_ENDED_SIGNALLED);
  close (ends[0]);
}

TEST (runner_killed)
{
  g_autoptr (Job) job = job_shell (channel, "echo $PPID; exec sleep 1000 >&- 2>&-");
  g_autofree char *line = job_first_line (job);
  g_autofree char *children = g_strdup_printf ("/proc/%s/task/%s/children", line, line);
  g_autofree char *pid = NULL;
  gint64 start = g_get_monotonic_time ();

  ck_assert (g_file_get_contents (children, &pid, NULL, NULL));
  ck_assert_int_eq (kill (atoi (line), SIGKILL), 0);
  job_assert_failure (job, "the runner in the guest ended without a word (was it killed?)");
  ck_assert_int_lt (g_get_monotonic_time () - start, 8 * G_USEC_PER_SEC);
  ck_assert_int_eq (kill (atoi (pid), SIGKILL), 0);
}

TEST (agent_killed)
{
  Job *jobs[8];

  for (guint i = 0; i < G_N_ELEMENTS (jobs); i++)
    jobs[i] = job_shell (channel, "echo started; exec sleep 1000");
  for (guint i = 0; i < 6; i++) /* the others are wherever they are */
    g_free (job_first_line (jobs[i]));
  ck_assert_int_eq (kill (host_agent_get_pid (host), SIGKILL), 0);
  for (guint i = 0; i < G_N_ELEMENTS (jobs); i++)
    {
      job_assert_failure (jobs[i], "guest agent: ");
      job_free (jobs[i]);
    }
  jobs[0] = job_shell (channel, "true");
  job_assert_failure (jobs[0], "guest agent: ");
  job_free (jobs[0]);
}

TEST (agent_closed)
{
  Job *jobs[8];

  for (guint i = 0; i < G_N_ELEMENTS (jobs); i++)
    {
      jobs[i] = job_shell (channel, "echo started; exec sleep 1000");
      if (i < 6)
        g_free (job_first_line (jobs[i]));
    }
  vq_guest_agent_set_open (host_agent_get (host), FALSE);
  for (guint i = 0; i < G_N_ELEMENTS (jobs); i++)
    {
      job_assert_failure (jobs[i], "guest agent: it has gone away");
      job_free (jobs[i]);
    }
  jobs[0] = job_shell (channel, "true");
  job_assert_failure (jobs[0], "guest agent: it has gone away");
  job_free (jobs[0]);
}

TEST (free_with_commands)
{
  g_autoptr (Job) running = job_shell (channel, "echo started; sleep 1000");
  g_autoptr (Job) starting = NULL;

  g_free (job_first_line (running));
  starting = job_shell (channel, "true");
  g_clear_pointer (&channel, vq_channel_free);
  job_assert_failure (running, "the testbed is closed");
  job_assert_failure (starting, "the testbed is closed");
  /* let the agent carry out what it was told last */
  ck_assert (vq_guest_agent_sync (host_agent_get (host), vq_deadline_in (PATIENCE), NULL, NULL));
}

TEST (environment)
{
  g_autoptr (Job) job
      = job_shell (channel, "env -u PWD -u OLDPWD -u SHLVL -u _ | sort; pwd; umask");
  g_autoptr (GString) expected = g_string_new (NULL);

  job_assert_end (job, VQ_ENDED_EXITED, 0);
  g_string_append (expected, "HOME=/root\nLANG=C.UTF-8\nLC_TIME=C\nLOGNAME=root\n"
                             "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"
                             "SHELL=/bin/sh\nUSER=root\n/\n0022\n");
  job_assert_text (job->out, expected->str);
}

/* Signals 32 and 33 belong to the C library: nobody can change them, and some programs pass them
 * on. */
TEST (no_signal_is_ignored)
{
  static const char *const argv[] = { "grep", "^Sig[BI]", "/proc/self/status", NULL };
  g_autoptr (Job) job = job_start (channel, argv, "", 0);
  g_autofree char *text = NULL;
  gulong blocked, ignored;

  job_assert_end (job, VQ_ENDED_EXITED, 0);
  text = job_read_text (job->out);
  ck_assert_int_eq (sscanf (text, "SigBlk: %lx SigIgn: %lx", &blocked, &ignored), 2);
  ck_assert_uint_eq (blocked, 0);
  ck_assert_uint_eq (ignored & ~0x180000000UL, 0);
}

/* 3 is what ls itself reads. */
TEST (no_more_descriptors)
{
  static const char *const argv[] = { "ls", "/proc/self/fd", NULL };
  g_autoptr (Job) job = job_start (channel, argv, "", 0);

  job_assert_end (job, VQ_ENDED_EXITED, 0);
  job_assert_text (job->out, "0\n1\n2\n3\n");
}

TEST (leads_a_process_group)
{
  g_autoptr (Job) job
      = job_shell (channel, "set -- $$ $(cut -d' ' -f5 /proc/$$/stat); test $1 = $2");

  job_assert_end (job, VQ_ENDED_EXITED, 0);
}

TEST (directory_holds_the_runner_only)
{
  g_autofree char *path = g_build_filename (host_agent_get_directory (host), "channel", NULL);
  g_autoptr (Job) job = job_shell (channel, "true");
  g_autoptr (GDir) directory = NULL;
  GStatBuf status;

  job_assert_end (job, VQ_ENDED_EXITED, 0);
  directory = g_dir_open (path, 0, NULL);
  ck_assert_str_eq (g_dir_read_name (directory), "runner");
  ck_assert_ptr_null (g_dir_read_name (directory));
  ck_assert_int_eq (g_stat (path, &status), 0);
  ck_assert_uint_eq (status.st_mode & 07777, 0700);
}

/* vq_channel_capture kills the command at its deadline. */
TEST (run_with_a_deadline)
{
  static const char *const argv[] = { "sleep", "1000", NULL };
  g_autoptr (GError) error = NULL;

  ck_assert (!vq_channel_capture (channel, argv, NULL, NULL, vq_deadline_in (0.3), NULL, &error));
  ck_assert (vq_error_is_timeout (error));
}

TEST (many_one_after_the_other)
{
  for (int i = 0; i < 40; i++)
    {
      g_autoptr (Job) job = job_shell (channel, "echo out; echo err >&2");

      job_assert_end (job, VQ_ENDED_EXITED, 0);
      job_assert_text (job->out, "out\n");
      job_assert_text (job->err, "err\n");
    }
}

TEST (no_directory)
{
  g_autoptr (GError) error = NULL;
  VqChannel *none = vq_agent_channel_new (host_agent_get (host), "/proc/none",
                                          vq_deadline_in (PATIENCE), NULL, &error);

  ck_assert_ptr_null (none);
  ck_assert_msg (strstr (error->message, "mkdir") != NULL, "%s", error->message);
}
