// SPDX-License-Identifier: GPL-2.0-or-later
/* What the helper channel says to the guest, and how it bounds what it holds, with a fake guest. */
#include "helper/helper-channel.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "agent-job.h"
#include "port-setup.h"
#include "suite.h"

#define KIB 1024
#define WINDOW VQ_HELPER_WINDOW
#define PIPE_SIZE 65536

static const char *const argv[] = { "command", NULL };
static const char zeroes[8 * WINDOW];

static void
serve (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
make_pipe (int ends[2])
{
  ck_assert_int_eq (pipe2 (ends, O_CLOEXEC), 0);
}

static void
expect_run (guint32 stream)
{
  ck_assert_uint_eq (fake_guest_expect (port_guest, VQ_HELPER_RUN, "acommand", 9), stream);
}

/* A command without input that writes to *OUT, a pipe; the guest has it as STREAM. */
static Job *
start_with_pipe (int *out, guint32 stream)
{
  int ends[2];
  Job *job;

  make_pipe (ends);
  *out = ends[0];
  job = job_start_with (port_channel, argv, job_make_file ("", 0), ends[1]);
  expect_run (stream);
  ck_assert_uint_eq (fake_guest_expect (port_guest, VQ_HELPER_STDIN_END, NULL, 0), stream);
  return job;
}

/* N bytes, in frames of whole pages: a pipe takes just PIPE_SIZE of them. */
static void
send_output (guint32 stream, gsize n)
{
  for (; n > 0; n -= MIN (n, 7 * 4096))
    {
      fake_guest_send (port_guest, VQ_HELPER_STDOUT, stream, zeroes, MIN (n, 7 * 4096));
      fake_guest_flush (port_guest);
    }
  serve ();
}

/* Takes N bytes out of a pipe, as they come. */
static void
drain (int fd, gsize n)
{
  g_autofree char *buffer = g_malloc (n);

  while (n > 0)
    {
      gssize got;

      ck_assert (vq_wait_fd (fd, G_IO_IN, vq_deadline_in (PATIENCE), NULL, "output", NULL));
      got = read (fd, buffer, n);
      ck_assert_int_gt (got, 0);
      n -= got;
      serve ();
    }
}

static void
end_job (Job *job, guint32 stream)
{
  fake_guest_send_u32 (port_guest, VQ_HELPER_EXITED, stream, 3);
  job_assert_end (job, VQ_ENDED_EXITED, 3);
  job_free (job);
}

/* All of stdin that comes, in frames; its end is the caller's to expect. */
static gsize
take_stdin (guint32 stream, gsize n)
{
  gsize got = 0;

  while (got < n)
    {
      guint32 of;
      g_autoptr (GBytes) bytes = fake_guest_take (port_guest, VQ_HELPER_STDIN, &of);

      ck_assert_uint_eq (of, stream);
      got += g_bytes_get_size (bytes);
    }
  return got;
}

/* What is allocated. Without the C library's own malloc nothing can be said. */
static gsize
measure_memory (void)
{
  struct mallinfo2 info = mallinfo2 ();

  return info.uordblks + info.hblkhd;
}

CASE ("flow", port_channel_setup, port_channel_teardown, 120)

/* A quarter of the window is given back at once, and only what is written. */
TEST (credit_for_output)
{
  int out;
  Job *job = start_with_pipe (&out, 1);

  send_output (1, WINDOW / 4 - 1); /* the pipe takes it */
  fake_guest_assert_quiet (port_guest);
  drain (out, WINDOW / 4 - 1);
  fake_guest_assert_quiet (port_guest);
  send_output (1, 1);
  fake_guest_expect_u32 (port_guest, VQ_HELPER_STDOUT_CREDIT, WINDOW / 4);
  send_output (1, WINDOW);
  fake_guest_assert_quiet (port_guest); /* but for one byte, the pipe is full */
  drain (out, WINDOW + 1);
  for (gsize credit = 0; credit <= WINDOW - WINDOW / 4;)
    {
      guint32 stream;
      g_autoptr (GBytes) bytes = fake_guest_take (port_guest, VQ_HELPER_STDOUT_CREDIT, &stream);
      guint32 n = vq_helper_frame_get_u32 (g_bytes_get_data (bytes, NULL));

      ck_assert_uint_ge (n, WINDOW / 4);
      credit += n;
      ck_assert_uint_le (credit, WINDOW);
    }
  end_job (job, 1);
  close (out);
}

/* One that nobody reads, another that flows, and its end with it. */
TEST (slow_reader_and_another)
{
  int slow_out, fast_out;
  Job *slow = start_with_pipe (&slow_out, 1);
  Job *fast = start_with_pipe (&fast_out, 2);

  send_output (1, WINDOW);
  fake_guest_expect_u32 (port_guest, VQ_HELPER_STDOUT_CREDIT, PIPE_SIZE); /* what the pipe took */
  for (int i = 0; i < 32; i++)
    {
      send_output (2, PIPE_SIZE);
      drain (fast_out, PIPE_SIZE);
      fake_guest_expect_u32 (port_guest, VQ_HELPER_STDOUT_CREDIT, PIPE_SIZE);
    }
  end_job (fast, 2);
  fake_guest_send_u32 (port_guest, VQ_HELPER_EXITED, 1, 3);
  fake_guest_flush (port_guest);
  serve ();
  ck_assert (!slow->done);
  drain (slow_out, WINDOW);
  close (fast_out);
  end_job (start_with_pipe (&fast_out, 3), 3);
  job_assert_end (slow, VQ_ENDED_EXITED, 3);
  job_free (slow);
  close (slow_out);
  close (fast_out);
}

/* What waits is thrown away. */
TEST (kill_with_nobody_reading)
{
  int out;
  Job *job = start_with_pipe (&out, 1);

  send_output (1, WINDOW);
  fake_guest_expect_u32 (port_guest, VQ_HELPER_STDOUT_CREDIT, PIPE_SIZE);
  fake_guest_send_u32 (port_guest, VQ_HELPER_EXITED, 1, 3);
  fake_guest_flush (port_guest);
  vq_channel_kill (port_channel, job->command);
  ck_assert (!job->done);
  job_assert_end (job, VQ_ENDED_EXITED, 3);
  job_free (job);
  drain (out, PIPE_SIZE);
  ck_assert_int_eq (read (out, &job, 1), 0);
  close (out);
}

/* Its output and its input are closed at once, whatever still comes; its end is waited for. */
TEST (kill_running)
{
  int out, in[2];
  Job *job;
  int ends[2];

  make_pipe (in);
  make_pipe (ends);
  out = ends[0];
  job = job_start_with (port_channel, argv, in[0], ends[1]);
  expect_run (1);
  vq_channel_kill (port_channel, job->command);
  vq_channel_kill (port_channel, job->command);
  ck_assert_uint_eq (fake_guest_expect_u32 (port_guest, VQ_HELPER_KILL, SIGKILL), 1);
  ck_assert_int_eq (read (out, &job, 1), 0);
  ck_assert_int_eq (write (in[1], "a", 1), -1);
  ck_assert_int_eq (errno, EPIPE);
  send_output (1, WINDOW);
  serve ();
  ck_assert (!job->done);
  fake_guest_send_u32 (port_guest, VQ_HELPER_SIGNALLED, 1, SIGKILL);
  job_assert_end (job, VQ_ENDED_SIGNALLED, SIGKILL);
  job_free (job);
  close (out);
  close (in[1]);
}

TEST (reader_goes_away)
{
  int out;
  Job *job = start_with_pipe (&out, 1);

  close (out);
  send_output (1, 10);
  ck_assert_uint_eq (fake_guest_expect (port_guest, VQ_HELPER_STDOUT_CLOSED, NULL, 0), 1);
  send_output (1, WINDOW - 10); /* on its way already */
  ck_assert_ptr_null (vq_helper_port_get_error (port_tested));
  end_job (job, 1);
}

/* Found out only when somebody could have read. */
TEST (reader_goes_away_late)
{
  int out;
  Job *job = start_with_pipe (&out, 1);

  send_output (1, WINDOW);
  fake_guest_expect_u32 (port_guest, VQ_HELPER_STDOUT_CREDIT, PIPE_SIZE);
  close (out);
  fake_guest_expect (port_guest, VQ_HELPER_STDOUT_CLOSED, NULL, 0);
  end_job (job, 1);
  job = start_with_pipe (&out, 2);
  send_output (2, WINDOW);
  fake_guest_expect_u32 (port_guest, VQ_HELPER_STDOUT_CREDIT, PIPE_SIZE);
  fake_guest_send_u32 (port_guest, VQ_HELPER_EXITED, 2, 3);
  fake_guest_flush (port_guest);
  close (out);
  job_assert_end (job, VQ_ENDED_EXITED, 3);
  job_free (job);
}

/* Never more than the window under way. */
TEST (window_for_stdin)
{
  Job *job = job_start (port_channel, argv, zeroes, sizeof zeroes);
  gsize got;

  expect_run (1);
  got = take_stdin (1, WINDOW);
  ck_assert_uint_eq (got, WINDOW);
  serve ();
  fake_guest_assert_quiet (port_guest);
  fake_guest_send_u32 (port_guest, VQ_HELPER_STDIN_CREDIT, 1, 1);
  fake_guest_flush (port_guest);
  serve ();
  fake_guest_assert_quiet (port_guest); /* no crumbs */
  fake_guest_send_u32 (port_guest, VQ_HELPER_STDIN_CREDIT, 1, WINDOW / 2 - 1);
  got += take_stdin (1, WINDOW / 2);
  ck_assert_uint_eq (got, WINDOW + WINDOW / 2);
  serve ();
  fake_guest_assert_quiet (port_guest);
  while (got < sizeof zeroes)
    {
      fake_guest_send_u32 (port_guest, VQ_HELPER_STDIN_CREDIT, 1, WINDOW);
      got += take_stdin (1, MIN (WINDOW, sizeof zeroes - got));
    }
  ck_assert_uint_eq (got, sizeof zeroes);
  fake_guest_expect (port_guest, VQ_HELPER_STDIN_END, NULL, 0);
  end_job (job, 1);
}

/* What stays in the pipe is its reader's to lose, but nobody is told that it is read. */
TEST (stdin_closed)
{
  int in[2];
  Job *job;

  make_pipe (in);
  ck_assert_int_eq (write (in[1], "abc", 3), 3);
  job = job_start_with (port_channel, argv, in[0], job_make_file ("", 0));
  expect_run (1);
  fake_guest_expect (port_guest, VQ_HELPER_STDIN, "abc", 3);
  fake_guest_send (port_guest, VQ_HELPER_STDIN_CLOSED, 1, NULL, 0);
  fake_guest_send_u32 (port_guest, VQ_HELPER_STDIN_CREDIT, 1, 3); /* it was dropped */
  fake_guest_flush (port_guest);
  ck_assert_int_eq (write (in[1], "a", 1), -1);
  ck_assert_int_eq (errno, EPIPE);
  end_job (job, 1);
  close (in[1]);
}

/* Its bytes are sent as they come, one after the other. */
TEST (stdin_trickles)
{
  int in[2];
  Job *job;

  make_pipe (in);
  job = job_start_with (port_channel, argv, in[0], job_make_file ("", 0));
  expect_run (1);
  for (int i = 0; i < 20; i++)
    {
      ck_assert_int_eq (write (in[1], &"ab"[i % 2], 1), 1);
      fake_guest_expect (port_guest, VQ_HELPER_STDIN, &"ab"[i % 2], 1);
    }
  close (in[1]);
  fake_guest_expect (port_guest, VQ_HELPER_STDIN_END, NULL, 0);
  end_job (job, 1);
}

/* QEMU takes nothing: many who have much to say cost no more memory than one does, and none is
 * served twice before another. */
TEST (stuck_with_stdin)
{
  Job *jobs[40];
  gsize before = measure_memory ();

  fake_guest_set_stuck (port_guest, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (jobs); i++)
    jobs[i] = job_start (port_channel, argv, zeroes, sizeof zeroes);
  serve ();
  ck_assert (vq_helper_port_is_full (port_tested));
  ck_assert_uint_lt (measure_memory (), before + 2 * VQ_HELPER_UNACKED_MAX);
  fake_guest_ignore (port_guest);
  fake_guest_set_stuck (port_guest, FALSE);
  for (guint i = 0; i < G_N_ELEMENTS (jobs); i++)
    fake_guest_send_u32 (port_guest, VQ_HELPER_EXITED, i + 1, 3);
  for (guint i = 0; i < G_N_ELEMENTS (jobs); i++)
    {
      job_assert_end (jobs[i], VQ_ENDED_EXITED, 3);
      job_free (jobs[i]);
    }
}

/* Makes the port full with the stdin of stream 2. */
static Job *
fill_port (void)
{
  Job *job;

  fake_guest_set_stuck (port_guest, TRUE);
  job = job_start (port_channel, argv, zeroes, sizeof zeroes);
  while (!vq_helper_port_is_full (port_tested))
    g_main_context_iteration (NULL, FALSE);
  return job;
}

/* Credit waits until it can be sent. */
TEST (stuck_with_credit)
{
  Job *job = job_start (port_channel, argv, "", 0);
  Job *other;

  expect_run (1);
  fake_guest_expect (port_guest, VQ_HELPER_STDIN_END, NULL, 0);
  other = fill_port ();
  send_output (1, WINDOW);
  fake_guest_set_stuck (port_guest, FALSE);
  expect_run (2);
  take_stdin (2, WINDOW);
  fake_guest_expect_u32 (port_guest, VQ_HELPER_STDOUT_CREDIT, WINDOW);
  end_job (job, 1);
  fake_guest_ignore (port_guest);
  end_job (other, 2);
}

/* The guest must not take it for granted. */
TEST (stuck_without_credit)
{
  Job *job = job_start (port_channel, argv, "", 0);
  Job *other;

  expect_run (1);
  fake_guest_expect (port_guest, VQ_HELPER_STDIN_END, NULL, 0);
  other = fill_port ();
  send_output (1, WINDOW);
  fake_guest_send (port_guest, VQ_HELPER_STDOUT, 1, "a", 1);
  job_assert_failure (job, "the guest helper sent more output than it may");
  job_assert_failure (other, "the guest helper sent more output than it may");
  job_free (job);
  job_free (other);
}

/* Ends while it waits for room. */
TEST (stuck_and_over)
{
  Job *job = job_start (port_channel, argv, "", 0);
  Job *other;

  expect_run (1);
  fake_guest_expect (port_guest, VQ_HELPER_STDIN_END, NULL, 0);
  other = fill_port ();
  send_output (1, WINDOW);
  end_job (job, 1);
  vq_channel_kill (port_channel, other->command);
  end_job (other, 2);
  fake_guest_ignore (port_guest);
  fake_guest_set_stuck (port_guest, FALSE);
  while (vq_helper_port_is_full (port_tested))
    g_main_context_iteration (NULL, TRUE);
}
