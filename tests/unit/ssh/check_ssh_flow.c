// SPDX-License-Identifier: GPL-2.0-or-later
/* Tests how data moves over the ssh channel, with the real sshd on this machine. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ssh-setup.h"
#include "suite.h"

#define PEAK_MAX (32 * 1024) /* KiB */

CASE ("sshd", setup, teardown, 240)

/* The speed is shown with CK_VERBOSITY=verbose, but never asserted. */
static void
show_speed (const char *what, gsize size, gint64 start)
{
  double seconds = (g_get_monotonic_time () - start) / (double)G_USEC_PER_SEC;

  if (g_strcmp0 (g_getenv ("CK_VERBOSITY"), "verbose") == 0)
    printf ("%zu MiB %s: %.0f MB/s\n", size / MIB, what, size / seconds / 1e6);
}

static void
go_into_a_command (gsize size)
{
  static const char *const argv[] = { "md5sum", NULL };
  g_autofree guint8 *bytes = random_bytes (size);
  g_autofree char *sum = g_compute_checksum_for_data (G_CHECKSUM_MD5, bytes, size);
  g_autofree char *expected = g_strdup_printf ("%s  -\n", sum);
  gint64 start = g_get_monotonic_time ();
  g_autoptr (Job) job = job_start (channel, argv, bytes, size);

  job_assert_end (job, VQ_ENDED_EXITED, 0);
  job_assert_text (job->out, expected);
  show_speed ("into a command", size, start);
}

static void
go_out_of_a_command (gsize size)
{
  gint64 start = g_get_monotonic_time ();
  g_autofree char *script = g_strdup_printf ("head -c %zu /dev/zero | tr '\\0' z", size);
  g_autoptr (Job) job = job_shell (channel, script);
  g_autoptr (GBytes) got = NULL;

  job_assert_end (job, VQ_ENDED_EXITED, 0);
  show_speed ("out of a command", size, start);
  got = job_read_file (job->out);
  ck_assert_uint_eq (g_bytes_get_size (got), size);
}

TEST (much)
{
  gsize size = (g_getenv ("VALGRIND") != NULL ? 4 : 64) * MIB;
  gint64 start;

  go_into_a_command (size);
  go_out_of_a_command (size);
  start = g_get_monotonic_time ();
  go_through_cat (size);
  show_speed ("through cat", size, start);
}

/* The server negotiates new keys after each MiB; some packets must wait meanwhile. */
TEST (with_new_keys)
{
  g_clear_pointer (&channel, vq_channel_free);
  g_clear_pointer (&host, host_sshd_free);
  open_channel ("RekeyLimit 1M");
  go_through_cat (16 * MIB);
  go_through_cat (1);
}

/* Nobody reads for a second, and then somebody reads now and then. Nothing is lost, although it is
 * more than any window holds. */
TEST (slow_reader)
{
  static const char *const argv[] = { "sh", "-c", "seq 1 600000", NULL };
  g_autoptr (GString) expected = g_string_new (NULL);
  g_autoptr (GString) got = g_string_new (NULL);
  g_autoptr (Job) job = NULL;
  char buffer[50000];
  int ends[2];
  gssize n;

  make_pipe (ends);
  for (int i = 1; i <= 600000; i++)
    g_string_append_printf (expected, "%d\n", i);
  job = job_start_with (channel, argv, job_make_file ("", 0), ends[1]);
  ck_assert (vq_wait_pause (1000, NULL, NULL));
  ck_assert (!job->done);
  do
    {
      ck_assert (vq_wait_pause (5, NULL, NULL));
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

/* A slow reader gets everything. What nobody has read yet is not held by the program: its memory
 * stays small. Other commands run meanwhile. */
TEST (stuck_reader_next_to_a_fast_one)
{
  static const char *const argv[] = { "yes", NULL };
  g_autoptr (Job) stuck = NULL;
  g_autoptr (Job) fast = NULL;
  pid_t program;
  int ends[2];

  make_pipe (ends);
  stuck = job_start_with (channel, argv, job_make_file ("", 0), ends[1]);
  ck_assert (vq_wait_fd (ends[0], G_IO_IN, vq_deadline_in (PATIENCE), NULL, "output", NULL));
  program = find_program (getpid ());
  fast = job_shell (channel, "head -c 30000000 /dev/zero | md5sum; head -c 1000000 /dev/zero");
  job_assert_end (fast, VQ_ENDED_EXITED, 0);
  go_through_cat (8 * MIB);
  ck_assert (!stuck->done);
  ck_assert_uint_lt (get_peak (program), PEAK_MAX);
  vq_channel_kill (channel, stuck->command);
  job_assert_end (stuck, VQ_ENDED_SIGNALLED, SIGKILL);
  close (ends[0]);
}

/* Nobody reads stderr, while stdout always has something as well. */
TEST (stuck_stderr)
{
  static const char *const argv[]
      = { "sh", "-c", "while :; do echo x; head -c 262144 /dev/zero >&2; done", NULL };
  g_autoptr (Job) job = NULL;
  int ends[2];

  make_pipe (ends);
  job = job_start_on (channel, argv, job_make_file ("", 0), job_make_file ("", 0), ends[1]);
  ck_assert (vq_wait_fd (ends[0], G_IO_IN, vq_deadline_in (PATIENCE), NULL, "output", NULL));
  ck_assert (vq_wait_pause (1000, NULL, NULL));
  ck_assert (!job->done);
  ck_assert_uint_lt (get_peak (find_program (getpid ())), PEAK_MAX);
  vq_channel_kill (channel, job->command);
  job_assert_end (job, VQ_ENDED_SIGNALLED, SIGKILL);
  close (ends[0]);
}

/* With both outputs full, neither gets bytes of the other. */
TEST (slow_readers)
{
  static const char *const argv[]
      = { "sh", "-c", "yes out | head -c 1000000 & yes err | head -c 1000000 >&2; wait", NULL };
  static const char *const lines[] = { "out\n", "err\n" };
  g_autoptr (Job) job = NULL;
  gsize at[2] = { 0 };
  char buffer[4096];
  int out[2], err[2];

  make_pipe (out);
  make_pipe (err);
  job = job_start_on (channel, argv, job_make_file ("", 0), out[1], err[1]);
  while (at[0] < 1000000 || at[1] < 1000000)
    for (guint i = 0; i < 2; i++)
      {
        struct pollfd fd = { i == 0 ? out[0] : err[0], POLLIN, 0 };
        gssize n = poll (&fd, 1, 0) == 1 ? read (fd.fd, buffer, sizeof buffer) : 0;

        for (gssize k = 0; k < n; k++)
          ck_assert_int_eq (buffer[k], lines[i][at[i]++ % 4]);
        ck_assert (vq_wait_pause (1, NULL, NULL));
      }
  job_assert_end (job, VQ_ENDED_EXITED, 0);
  close (out[0]);
  close (err[0]);
}

/* Each piece is answered before the next one is sent. */
TEST (a_dialog)
{
  static const char *const argv[] = { "cat", NULL };
  g_autoptr (Job) job = NULL;
  int in[2], out[2];

  make_pipe (in);
  make_pipe (out);
  job = job_start_with (channel, argv, in[0], out[1]);
  for (int i = 0; i < 50; i++)
    {
      char c = (char)i;

      ck_assert_int_eq (write (in[1], &c, 1), 1);
      ck_assert (vq_wait_fd (out[0], G_IO_IN, vq_deadline_in (PATIENCE), NULL, "answer", NULL));
      ck_assert_int_eq (read (out[0], &c, 1), 1);
      ck_assert_int_eq (c, i);
    }
  close (in[1]);
  job_assert_end (job, VQ_ENDED_EXITED, 0);
  close (out[0]);
}

/* The same many times, with output still in the pipe when the process ends. */
TEST (daemons_hold_stdout)
{
  for (int i = 0; i < 10; i++)
    {
      g_autoptr (Job) job
          = job_shell (channel, "sleep 300 & echo $!; exec head -c 50000 /dev/zero");
      g_autoptr (GBytes) got = NULL;
      pid_t pid;

      job_assert_end (job, VQ_ENDED_EXITED, 0);
      got = job_read_file (job->out);
      pid = atoi (g_bytes_get_data (got, NULL));
      ck_assert_int_eq (kill (pid, SIGKILL), 0);
      ck_assert_uint_eq (g_bytes_get_size (got) - 50000,
                         strchr (g_bytes_get_data (got, NULL), '\n') + 1
                             - (const char *)g_bytes_get_data (got, NULL));
    }
}

TEST (daemon_writes_forever)
{
  g_autoptr (Job) job = job_shell (channel, "yes & echo started >&2");
  g_autoptr (GBytes) got = NULL;

  job_assert_end (job, VQ_ENDED_EXITED, 0);
  job_assert_text (job->err, "started\n");
  got = job_read_file (job->out);
  ck_assert_uint_lt (g_bytes_get_size (got), 64 * MIB);
  /* it dies of SIGPIPE, or the teardown fails */
}

/* Daemons that write a little now and then stay behind. */
TEST (daemon_writes_on)
{
  gint64 start = g_get_monotonic_time ();
  g_autoptr (Job) job = job_shell (channel, "while :; do echo x; sleep 0.01; done & echo $! >&2");
  g_autofree char *pid = NULL;

  job_assert_end (job, VQ_ENDED_EXITED, 0);
  ck_assert_int_lt (g_get_monotonic_time () - start, 20 * G_USEC_PER_SEC);
  pid = job_read_text (job->err);
  ck_assert (kill (atoi (pid), SIGKILL) == 0 || errno == ESRCH);
}
