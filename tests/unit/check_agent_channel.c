// SPDX-License-Identifier: GPL-2.0-or-later
/* The agent channel with the real qemu-ga and the real runner, on this machine. */
#include "agent-channel.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "error.h"
#include "fake-agent.h"
#include "host-agent.h"
#include "leaks.h"

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

/* One command. Its streams are files in memory unless the test gives others. */
typedef struct
{
  VqCommand *command;
  int out, err; /* ours, to read from afterwards; -1: the test's own */
  gboolean done;
  VqEndKind kind;
  int value;
  char *message;
} Job;

static int
make_file (const void *bytes, gsize n)
{
  int fd = memfd_create ("check", MFD_CLOEXEC);

  ck_assert_int_ge (fd, 0);
  for (gsize at = 0; at < n;)
    {
      gssize written = write (fd, (const char *)bytes + at, n - at);

      ck_assert_int_gt (written, 0);
      at += written;
    }
  ck_assert_int_eq (lseek (fd, 0, SEEK_SET), 0);
  return fd;
}

static int
copy_fd (int fd)
{
  int copy = fcntl (fd, F_DUPFD_CLOEXEC, 3);

  ck_assert_int_ge (copy, 0);
  return copy;
}

static void
job_done (const VqEnd *end, gpointer data)
{
  Job *job = data;

  ck_assert (!job->done);
  ck_assert_int_eq (end->kind == VQ_ENDED_FAILED, end->error != NULL);
  job->done = TRUE;
  job->kind = end->kind;
  job->value = end->value;
  job->message = end->error != NULL ? g_strdup (end->error->message) : NULL;
}

/* IN and OUT become the channel's. */
static Job *
job_start_with (const char *const *argv, int in, int out)
{
  Job *job = g_new0 (Job, 1);

  job->out = -1;
  job->err = make_file ("", 0);
  job->command = vq_channel_start (channel, argv, in, out, copy_fd (job->err), job_done, job);
  ck_assert (!job->done);
  return job;
}

static Job *
job_start (const char *const *argv, const void *input, gsize n)
{
  int out = make_file ("", 0);
  Job *job = job_start_with (argv, make_file (input, n), copy_fd (out));

  job->out = out;
  return job;
}

static Job *
job_shell (const char *script)
{
  const char *const argv[] = { "sh", "-c", script, NULL };

  return job_start (argv, "", 0);
}

static void
job_free (Job *job)
{
  ck_assert (job->done);
  if (job->out >= 0)
    close (job->out);
  close (job->err);
  g_free (job->message);
  g_free (job);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Job, job_free)

static gboolean
is_done (gpointer data)
{
  return ((Job *)data)->done;
}

static void
job_wait (Job *job)
{
  g_autoptr (GError) error = NULL;

  ck_assert_msg (vq_wait_until (is_done, job, vq_deadline_in (PATIENCE), NULL, "end", &error), "%s",
                 error != NULL ? error->message : "");
}

static GBytes *
read_file (int fd)
{
  gsize n = lseek (fd, 0, SEEK_END);
  guint8 *bytes = g_malloc (n + 1);

  ck_assert_int_eq (pread (fd, bytes, n, 0), (gssize)n);
  bytes[n] = '\0';
  return g_bytes_new_take (bytes, n);
}

/* What the job has written to FD so far, as a string. */
static char *
read_text (int fd)
{
  g_autoptr (GBytes) bytes = read_file (fd);

  return g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
}

static gboolean
has_line (gpointer data)
{
  g_autofree char *text = read_text (((Job *)data)->out);

  return strchr (text, '\n') != NULL;
}

static char *
job_first_line (Job *job)
{
  char *text;

  ck_assert (vq_wait_until (has_line, job, vq_deadline_in (PATIENCE), NULL, "line", NULL));
  text = read_text (job->out);
  *strchr (text, '\n') = '\0';
  return text;
}

static void
assert_end (Job *job, VqEndKind kind, int value)
{
  job_wait (job);
  ck_assert_msg (job->kind == kind && job->value == value, "ended with %d %d: %s", job->kind,
                 job->value, job->message != NULL ? job->message : "");
}

/* It has failed, for a reason with TEXT in it. */
static void
assert_failure (Job *job, const char *text)
{
  assert_end (job, VQ_ENDED_FAILED, 0);
  ck_assert_msg (strstr (job->message, text) != NULL, "%s", job->message);
}

static void
assert_text (int fd, const char *expected)
{
  g_autofree char *text = read_text (fd);

  ck_assert_str_eq (text, expected);
}

static gboolean
is_gone (gpointer data)
{
  return kill (*(pid_t *)data, 0) < 0 && errno == ESRCH;
}

START_TEST (separate_streams)
{
  g_autoptr (Job) job = job_shell ("echo out; echo err >&2; exit 7");

  assert_end (job, VQ_ENDED_EXITED, 7);
  assert_text (job->out, "out\n");
  assert_text (job->err, "err\n");
}
END_TEST

START_TEST (exit_codes)
{
  for (int first = 0; first < 256; first += 32)
    {
      Job *jobs[32];

      for (int i = 0; i < 32; i++)
        {
          g_autofree char *script = g_strdup_printf ("exit %d", first + i);

          jobs[i] = job_shell (script);
        }
      for (int i = 0; i < 32; i++)
        {
          assert_end (jobs[i], VQ_ENDED_EXITED, first + i);
          job_free (jobs[i]);
        }
    }
}
END_TEST

START_TEST (signals)
{
  static const int numbers[]
      = { SIGHUP, SIGINT, SIGQUIT, SIGILL, SIGABRT, SIGKILL, SIGSEGV, SIGPIPE, SIGTERM, SIGUSR1 };

  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    {
      g_autofree char *script = g_strdup_printf ("ulimit -c 0; kill -%d $$", numbers[i]);
      g_autoptr (Job) job = job_shell (script);

      assert_end (job, VQ_ENDED_SIGNALLED, numbers[i]);
    }
}
END_TEST

START_TEST (cannot_run)
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
      g_autoptr (Job) job = job_start (argv, "", 0);

      assert_end (job, VQ_ENDED_EXITED, cases[i].status);
      assert_text (job->err, cases[i].message);
      assert_text (job->out, "");
    }
}
END_TEST

START_TEST (words)
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
  job = job_start (argv, "", 0);
  assert_end (job, VQ_ENDED_EXITED, 0);
  got = read_file (job->out);
  ck_assert_uint_eq (g_bytes_get_size (got), expected->len);
  ck_assert_mem_eq (g_bytes_get_data (got, NULL), expected->data, expected->len);
}
END_TEST

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

START_TEST (through_cat)
{
  static const gsize sizes[]
      = { 0, 1, 24575, 24576, 24577, 49151, 49152, 49153, 65535, 65536, 65537, 8 * MIB };
  static const char *const argv[] = { "cat", NULL };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autofree guint8 *bytes = random_bytes (sizes[i]);
      g_autoptr (Job) job = job_start (argv, bytes, sizes[i]);
      g_autoptr (GBytes) got = NULL;

      assert_end (job, VQ_ENDED_EXITED, 0);
      got = read_file (job->out);
      ck_assert_uint_eq (g_bytes_get_size (got), sizes[i]);
      if (sizes[i] > 0)
        ck_assert_int_eq (memcmp (g_bytes_get_data (got, NULL), bytes, sizes[i]), 0);
      assert_text (job->err, "");
    }
}
END_TEST

START_TEST (both_outputs_at_once)
{
  g_autoptr (Job) job
      = job_shell ("yes out | head -c 1000000 & yes err | head -c 1000000 >&2; wait");
  const int fds[] = { job->out, job->err };

  assert_end (job, VQ_ENDED_EXITED, 0);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GBytes) got = read_file (fds[i]);
      const char *text = g_bytes_get_data (got, NULL);

      ck_assert_uint_eq (g_bytes_get_size (got), 1000000);
      for (gsize at = 0; at < 1000000; at++)
        ck_assert_int_eq (text[at], (i == 0 ? "out\n" : "err\n")[at % 4]);
    }
}
END_TEST

static void
make_pipe (int ends[2])
{
  ck_assert_int_eq (pipe2 (ends, O_CLOEXEC), 0);
}

/* Nobody reads for a second. Then somebody reads now and then, and nothing is lost. */
START_TEST (slow_reader)
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
  job = job_start_with (argv, make_file ("", 0), ends[1]);
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
  assert_end (job, VQ_ENDED_EXITED, 0);
  ck_assert_uint_eq (got->len, expected->len);
  ck_assert (g_string_equal (got, expected));
}
END_TEST

/* The command gets SIGPIPE, as from any pipe. */
START_TEST (reader_goes_away)
{
  static const char *const argv[] = { "yes", NULL };
  g_autoptr (Job) job = NULL;
  int ends[2];

  make_pipe (ends);
  close (ends[0]);
  job = job_start_with (argv, make_file ("", 0), ends[1]);
  assert_end (job, VQ_ENDED_SIGNALLED, SIGPIPE);
}
END_TEST

START_TEST (stdin_stays_open)
{
  static const char *const argv[] = { "sh", "-c", "exit 3", NULL };
  g_autoptr (Job) job = NULL;
  int ends[2];

  make_pipe (ends);
  job = job_start_with (argv, ends[0], make_file ("", 0));
  assert_end (job, VQ_ENDED_EXITED, 3);
  close (ends[1]);
}
END_TEST

START_TEST (stdin_not_read)
{
  static const char *const argv[] = { "sh", "-c", "exec <&-; echo closed; exit 4", NULL };
  g_autofree guint8 *bytes = random_bytes (MIB);
  g_autoptr (Job) job = job_start (argv, bytes, MIB);

  assert_end (job, VQ_ENDED_EXITED, 4);
  assert_text (job->out, "closed\n");
}
END_TEST

START_TEST (daemon_holds_stdout)
{
  gint64 start = g_get_monotonic_time ();
  g_autoptr (Job) job = job_shell ("sleep 300 & echo $!; seq 1 20000 | tail -n 1");
  g_autofree char *text = NULL;

  assert_end (job, VQ_ENDED_EXITED, 0);
  ck_assert_int_lt (g_get_monotonic_time () - start, 10 * G_USEC_PER_SEC);
  text = read_text (job->out);
  ck_assert (g_str_has_suffix (text, "\n20000\n"));
  ck_assert_int_eq (kill (atoi (text), SIGKILL), 0);
}
END_TEST

START_TEST (daemon_writes_forever)
{
  g_autoptr (Job) job = job_shell ("yes & echo started >&2");
  g_autoptr (GBytes) got = NULL;

  assert_end (job, VQ_ENDED_EXITED, 0);
  assert_text (job->err, "started\n");
  got = read_file (job->out);
  ck_assert_uint_lt (g_bytes_get_size (got), 4 * MIB);
  /* it dies of SIGPIPE, or the teardown fails */
}
END_TEST

START_TEST (thirty_at_once)
{
  Job *jobs[30];
  gint64 start = g_get_monotonic_time ();

  for (int i = 0; i < 30; i++)
    {
      g_autofree char *script = g_strdup_printf ("sleep 1; echo %d; exit %d", i, i);

      jobs[i] = job_shell (script);
    }
  for (int i = 0; i < 30; i++)
    {
      g_autofree char *expected = g_strdup_printf ("%d\n", i);

      assert_end (jobs[i], VQ_ENDED_EXITED, i);
      assert_text (jobs[i]->out, expected);
      job_free (jobs[i]);
    }
  ck_assert_int_lt (g_get_monotonic_time () - start, 20 * G_USEC_PER_SEC);
}
END_TEST

START_TEST (kill_running)
{
  g_autoptr (Job) job = job_shell ("sleep 1000 & echo $$ $!; wait");
  g_autofree char *line = job_first_line (job);
  g_auto (GStrv) pids = g_strsplit (line, " ", -1);

  vq_channel_kill (channel, job->command);
  vq_channel_kill (channel, job->command);
  assert_end (job, VQ_ENDED_SIGNALLED, SIGKILL);
  ck_assert_uint_eq (g_strv_length (pids), 2);
  for (char **word = pids; *word != NULL; word++)
    {
      pid_t pid = atoi (*word);

      ck_assert_int_gt (pid, 1);
      /* A dead orphan is ours to reap. */
      ck_assert (is_gone (&pid) || kill (pid, SIGKILL) == 0);
    }
}
END_TEST

/* That dead orphans are dead is for the teardown to see; here that nothing of it runs. */
START_TEST (kill_what_writes)
{
  g_autoptr (Job) job = job_shell ("yes & yes >&2 & wait");

  g_free (job_first_line (job)); /* it writes */
  vq_channel_kill (channel, job->command);
  assert_end (job, VQ_ENDED_SIGNALLED, SIGKILL);
}
END_TEST

START_TEST (kill_before_start)
{
  for (guint pause = 0; pause <= 100; pause += 10)
    {
      g_autoptr (Job) job = job_shell ("sleep 1000");

      ck_assert (pause == 0 || vq_wait_pause (pause, NULL, NULL));
      vq_channel_kill (channel, job->command);
      assert_end (job, VQ_ENDED_SIGNALLED, SIGKILL);
    }
}
END_TEST

START_TEST (kill_with_nobody_reading)
{
  static const char *const argv[] = { "yes", NULL };
  g_autoptr (Job) job = NULL;
  int ends[2];

  make_pipe (ends);
  job = job_start_with (argv, make_file ("", 0), ends[1]);
  ck_assert (vq_wait_fd (ends[0], G_IO_IN, vq_deadline_in (PATIENCE), NULL, "output", NULL));
  ck_assert (vq_wait_pause (300, NULL, NULL));
  vq_channel_kill (channel, job->command);
  job_wait (job);
  ck_assert_int_eq (job->kind, VQ_ENDED_SIGNALLED);
  close (ends[0]);
}
END_TEST

START_TEST (runner_killed)
{
  g_autoptr (Job) job = job_shell ("echo $PPID; exec sleep 1000 >&- 2>&-");
  g_autofree char *line = job_first_line (job);
  g_autofree char *children = g_strdup_printf ("/proc/%s/task/%s/children", line, line);
  g_autofree char *pid = NULL;
  gint64 start = g_get_monotonic_time ();

  ck_assert (g_file_get_contents (children, &pid, NULL, NULL));
  ck_assert_int_eq (kill (atoi (line), SIGKILL), 0);
  assert_failure (job, "the runner in the guest ended without a word (was it killed?)");
  ck_assert_int_lt (g_get_monotonic_time () - start, 8 * G_USEC_PER_SEC);
  ck_assert_int_eq (kill (atoi (pid), SIGKILL), 0);
}
END_TEST

START_TEST (agent_killed)
{
  Job *jobs[8];

  for (guint i = 0; i < G_N_ELEMENTS (jobs); i++)
    jobs[i] = job_shell ("echo started; exec sleep 1000");
  for (guint i = 0; i < 6; i++) /* the others are wherever they are */
    g_free (job_first_line (jobs[i]));
  ck_assert_int_eq (kill (host_agent_get_pid (host), SIGKILL), 0);
  for (guint i = 0; i < G_N_ELEMENTS (jobs); i++)
    {
      assert_failure (jobs[i], "guest agent: ");
      job_free (jobs[i]);
    }
  jobs[0] = job_shell ("true");
  assert_failure (jobs[0], "guest agent: ");
  job_free (jobs[0]);
}
END_TEST

START_TEST (agent_closed)
{
  Job *jobs[8];

  for (guint i = 0; i < G_N_ELEMENTS (jobs); i++)
    {
      jobs[i] = job_shell ("echo started; exec sleep 1000");
      if (i < 6)
        g_free (job_first_line (jobs[i]));
    }
  vq_guest_agent_set_open (host_agent_get (host), FALSE);
  for (guint i = 0; i < G_N_ELEMENTS (jobs); i++)
    {
      assert_failure (jobs[i], "guest agent: it has gone away");
      job_free (jobs[i]);
    }
  jobs[0] = job_shell ("true");
  assert_failure (jobs[0], "guest agent: it has gone away");
  job_free (jobs[0]);
}
END_TEST

START_TEST (free_with_commands)
{
  g_autoptr (Job) running = job_shell ("echo started; sleep 1000");
  g_autoptr (Job) starting = NULL;

  g_free (job_first_line (running));
  starting = job_shell ("true");
  g_clear_pointer (&channel, vq_channel_free);
  assert_failure (running, "the testbed is closed");
  assert_failure (starting, "the testbed is closed");
  /* let the agent carry out what it was told last */
  ck_assert (vq_guest_agent_sync (host_agent_get (host), vq_deadline_in (PATIENCE), NULL, NULL));
}
END_TEST

START_TEST (environment)
{
  g_autoptr (Job) job = job_shell ("env -u PWD -u OLDPWD -u SHLVL -u _ | sort; pwd; umask");
  g_autoptr (GString) expected = g_string_new (NULL);

  assert_end (job, VQ_ENDED_EXITED, 0);
  g_string_append (expected, "HOME=/root\nLANG=C.UTF-8\nLC_TIME=C\nLOGNAME=root\n"
                             "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"
                             "SHELL=/bin/sh\nUSER=root\n/\n0022\n");
  assert_text (job->out, expected->str);
}
END_TEST

/* Signals 32 and 33 belong to the C library: nobody can change them, and some programs pass them
 * on. */
START_TEST (no_signal_is_ignored)
{
  static const char *const argv[] = { "grep", "^Sig[BI]", "/proc/self/status", NULL };
  g_autoptr (Job) job = job_start (argv, "", 0);
  g_autofree char *text = NULL;
  gulong blocked, ignored;

  assert_end (job, VQ_ENDED_EXITED, 0);
  text = read_text (job->out);
  ck_assert_int_eq (sscanf (text, "SigBlk: %lx SigIgn: %lx", &blocked, &ignored), 2);
  ck_assert_uint_eq (blocked, 0);
  ck_assert_uint_eq (ignored & ~0x180000000UL, 0);
}
END_TEST

/* 3 is what ls itself reads. */
START_TEST (no_more_descriptors)
{
  static const char *const argv[] = { "ls", "/proc/self/fd", NULL };
  g_autoptr (Job) job = job_start (argv, "", 0);

  assert_end (job, VQ_ENDED_EXITED, 0);
  assert_text (job->out, "0\n1\n2\n3\n");
}
END_TEST

START_TEST (leads_a_process_group)
{
  g_autoptr (Job) job = job_shell ("set -- $$ $(cut -d' ' -f5 /proc/$$/stat); test $1 = $2");

  assert_end (job, VQ_ENDED_EXITED, 0);
}
END_TEST

START_TEST (directory_holds_the_runner_only)
{
  g_autofree char *path = g_build_filename (host_agent_get_directory (host), "channel", NULL);
  g_autoptr (Job) job = job_shell ("true");
  g_autoptr (GDir) directory = NULL;
  GStatBuf status;

  assert_end (job, VQ_ENDED_EXITED, 0);
  directory = g_dir_open (path, 0, NULL);
  ck_assert_str_eq (g_dir_read_name (directory), "runner");
  ck_assert_ptr_null (g_dir_read_name (directory));
  ck_assert_int_eq (g_stat (path, &status), 0);
  ck_assert_uint_eq (status.st_mode & 07777, 0700);
}
END_TEST

/* vq_channel_run kills the command at its deadline. */
START_TEST (run_with_a_deadline)
{
  static const char *const argv[] = { "sleep", "1000", NULL };
  g_autoptr (GError) error = NULL;

  ck_assert (!vq_channel_run (channel, argv, NULL, NULL, vq_deadline_in (0.3), NULL, &error));
  ck_assert (vq_error_is_timeout (error));
}
END_TEST

START_TEST (many_one_after_the_other)
{
  for (int i = 0; i < 40; i++)
    {
      g_autoptr (Job) job = job_shell ("echo out; echo err >&2");

      assert_end (job, VQ_ENDED_EXITED, 0);
      assert_text (job->out, "out\n");
      assert_text (job->err, "err\n");
    }
}
END_TEST

START_TEST (no_directory)
{
  g_autoptr (GError) error = NULL;
  VqChannel *none = vq_agent_channel_new (host_agent_get (host), "/proc/none",
                                          vq_deadline_in (PATIENCE), NULL, &error);

  ck_assert_ptr_null (none);
  ck_assert_msg (strstr (error->message, "mkdir") != NULL, "%s", error->message);
}
END_TEST

/* A guest that has been taken over: no runner says such things. */

static FakeAgent *fake;

static void
fake_setup (void)
{
  g_autoptr (GError) error = NULL;

  signal (SIGPIPE, SIG_IGN);
  leaks_begin ();
  fake = fake_agent_new ();
  channel = vq_agent_channel_new (fake_agent_get (fake), "/dir", vq_deadline_in (PATIENCE), NULL,
                                  &error);
  ck_assert_msg (channel != NULL, "%s", error != NULL ? error->message : "");
}

static void
fake_teardown (void)
{
  g_clear_pointer (&channel, vq_channel_free);
  g_clear_pointer (&fake, fake_agent_free);
  leaks_assert_none ();
}

START_TEST (hostile_frames)
{
  static const struct
  {
    const char *bytes, *error;
  } cases[] = {
    { "z0000000", "frame of no known type" },
    { "h0000000", "frame of no known type" },
    { "x0000000", "nonsense" },
    { "x0000001E", "nonsense" },
    { "x0000004E256", "nonsense" },
    { "x0000003E-1", "nonsense" },
    { "x0000003Eab", "nonsense" },
    { "x0000002S0", "nonsense" },
    { "x0000003S65", "nonsense" },
    { "x0000002Q0", "nonsense" },
    { "x0000022E000000000000000000256", "nonsense" },
    { "GARBAGE!GARBAGE!", "garbage from the runner" },
    { "o-000001X", "garbage from the runner" },
    { "o0024577", "garbage from the runner" },
    { "o9999999", "garbage from the runner" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (Job) job = NULL;

      fake_agent_say (fake, cases[i].bytes, strlen (cases[i].bytes));
      job = job_shell ("true");
      assert_failure (job, cases[i].error);
    }
}
END_TEST

/* A second block before the first one is acknowledged: nobody reads, so it cannot have been. */
START_TEST (block_without_being_asked)
{
  static const char *const argv[] = { "true", NULL };
  static const char frames[] = "o0000001Xo0000001Y";
  g_autoptr (Job) job = NULL;
  int ends[2];

  make_pipe (ends);
  ck_assert_int_eq (fcntl (ends[1], F_SETFL, O_NONBLOCK), 0);
  while (write (ends[1], "full", 4) > 0)
    ;
  fake_agent_say (fake, frames, sizeof frames - 1);
  job = job_start_with (argv, make_file ("", 0), ends[1]);
  assert_failure (job, "sent more than it may");
  close (ends[0]);
}
END_TEST

/* Frames that are merely odd do no harm. */
START_TEST (odd_frames)
{
  static const struct
  {
    const char *bytes;
    VqEndKind kind;
    int value;
    const char *out;
  } cases[] = {
    { "x0000002E0", VQ_ENDED_EXITED, 0, "" },
    { "x0000004E255", VQ_ENDED_EXITED, 255, "" },
    { "x0000003S64", VQ_ENDED_SIGNALLED, 64, "" },
    { "r0000000r0000000r0000000x0000002E1", VQ_ENDED_EXITED, 1, "" },
    { "o0000003outx0000002E2", VQ_ENDED_EXITED, 2, "out" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (Job) job = NULL;

      fake_agent_say (fake, cases[i].bytes, strlen (cases[i].bytes));
      job = job_shell ("true");
      assert_end (job, cases[i].kind, cases[i].value);
      assert_text (job->out, cases[i].out);
    }
}
END_TEST

/* Replies that are not what the agent's schema says. */
START_TEST (hostile_replies)
{
  static const char *const commands[]
      = { "guest-exec",        "guest-file-open",  "guest-file-read",
          "guest-exec-status", "guest-file-write", "guest-file-flush" };
  static const char *const replies[] = {
    "{\"return\": null",
    "{\"return\": 3.5",
    "{\"return\": \"7\"",
    "{\"return\": []",
    "{\"return\": true",
    "{\"return\": {\"pid\": \"1\", \"buf-b64\": 7, \"exited\": 1}",
    "{\"return\": {\"pid\": [], \"buf-b64\": \"!!!!\", \"exited\": \"yes\"}",
    "{\"return\": {\"buf-b64\": \"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",
    "{\"error\": {\"desc\": 7}",
    "{\"error\": []",
    "{\"error\": {\"desc\": \"no\"}",
  };

  for (guint c = 0; c < G_N_ELEMENTS (commands); c++)
    for (guint r = 0; r < G_N_ELEMENTS (replies); r++)
      {
        g_autoptr (Job) job = NULL;

        if (c >= 3 && r < 8)
          continue; /* a status that says nothing: we go on asking; what is written needs no value
                     */
        fake_agent_say (fake, "", 0);
        fake_agent_answer (fake, commands[c], replies[r]);
        job = job_shell ("true");
        assert_end (job, VQ_ENDED_FAILED, 0);
        fake_agent_answer (fake, NULL, NULL);
      }
}
END_TEST

/* The runner says nothing, and then the agent says it has ended. */
START_TEST (silent_runner)
{
  g_autoptr (Job) job = NULL;

  fake_agent_say (fake, "", 0);
  fake_agent_answer (fake, "guest-exec-status", "{\"return\": {\"exited\": true, \"exitcode\": 9}");
  job = job_shell ("true");
  assert_failure (job, "ended without a word");
}
END_TEST

static TCase *
make_case (const char *name, SFun begin, SFun end, const TTest *const *tests)
{
  TCase *tcase = tcase_create (name);

  tcase_add_checked_fixture (tcase, begin, end);
  tcase_set_timeout (tcase, 240);
  for (; *tests != NULL; tests++)
    tcase_add_test (tcase, *tests);
  return tcase;
}

static Suite *
make_suite (void)
{
  const TTest *real[] = { separate_streams,
                          exit_codes,
                          signals,
                          cannot_run,
                          words,
                          through_cat,
                          both_outputs_at_once,
                          slow_reader,
                          reader_goes_away,
                          stdin_stays_open,
                          stdin_not_read,
                          daemon_holds_stdout,
                          daemon_writes_forever,
                          thirty_at_once,
                          kill_running,
                          kill_what_writes,
                          kill_before_start,
                          kill_with_nobody_reading,
                          runner_killed,
                          agent_killed,
                          agent_closed,
                          free_with_commands,
                          environment,
                          no_signal_is_ignored,
                          no_more_descriptors,
                          leads_a_process_group,
                          directory_holds_the_runner_only,
                          run_with_a_deadline,
                          many_one_after_the_other,
                          no_directory,
                          NULL };
  const TTest *hostile[] = { hostile_frames, block_without_being_asked,
                             odd_frames,     hostile_replies,
                             silent_runner,  NULL };
  Suite *suite = suite_create ("agent-channel");

  suite_add_tcase (suite, make_case ("qemu-ga", setup, teardown, real));
  suite_add_tcase (suite, make_case ("hostile", fake_setup, fake_teardown, hostile));
  return suite;
}

int
main (void)
{
  SRunner *runner;
  int n_failed;

  /* What the agent has in its environment. */
  g_setenv ("LANG", "C.UTF-8", TRUE);
  g_setenv ("LC_TIME", "C", TRUE);
  g_setenv ("VQ_CHECK", "not to be seen", TRUE);
  host_agent_adopt_orphans ();
  runner = srunner_create (make_suite ());
  srunner_run_all (runner, CK_ENV);
  n_failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return n_failed != 0;
}
