// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent-job.h"

#include <check.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PATIENCE 60 /* seconds; for things that take none */

int
job_make_file (const void *bytes, gsize n)
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

Job *
job_start_with (VqChannel *channel, const char *const *argv, int in, int out)
{
  Job *job = g_new0 (Job, 1);

  job->out = -1;
  job->err = job_make_file ("", 0);
  job->command = vq_channel_start (channel, argv, in, out, copy_fd (job->err), job_done, job);
  ck_assert (!job->done);
  return job;
}

Job *
job_start_on (VqChannel *channel, const char *const *argv, int in, int out, int err)
{
  Job *job = g_new0 (Job, 1);

  job->out = -1;
  job->err = -1;
  job->command = vq_channel_start (channel, argv, in, out, err, job_done, job);
  ck_assert (!job->done);
  return job;
}

Job *
job_start (VqChannel *channel, const char *const *argv, const void *input, gsize n)
{
  int out = job_make_file ("", 0);
  Job *job = job_start_with (channel, argv, job_make_file (input, n), copy_fd (out));

  job->out = out;
  return job;
}

Job *
job_shell (VqChannel *channel, const char *script)
{
  const char *const argv[] = { "sh", "-c", script, NULL };

  return job_start (channel, argv, "", 0);
}

void
job_free (Job *job)
{
  ck_assert (job->done);
  if (job->out >= 0)
    close (job->out);
  if (job->err >= 0)
    close (job->err);
  g_free (job->message);
  g_free (job);
}

static gboolean
is_done (gpointer data)
{
  return ((Job *)data)->done;
}

void
job_wait (Job *job)
{
  g_autoptr (GError) error = NULL;

  ck_assert_msg (vq_wait_until (is_done, job, vq_deadline_in (PATIENCE), NULL, "end", &error), "%s",
                 error != NULL ? error->message : "");
}

GBytes *
job_read_file (int fd)
{
  gsize n = lseek (fd, 0, SEEK_END);
  guint8 *bytes = g_malloc (n + 1);

  ck_assert_int_eq (pread (fd, bytes, n, 0), (gssize)n);
  bytes[n] = '\0';
  return g_bytes_new_take (bytes, n);
}

char *
job_read_text (int fd)
{
  g_autoptr (GBytes) bytes = job_read_file (fd);

  return g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
}

static gboolean
has_line (Job *job)
{
  g_autofree char *text = job_read_text (job->out);

  return strchr (text, '\n') != NULL;
}

/* A file says nothing when it is written to, perhaps by another process. */
char *
job_first_line (Job *job)
{
  gint64 deadline = vq_deadline_in (PATIENCE);
  char *text;

  while (!has_line (job))
    {
      ck_assert (vq_deadline_left (deadline) > 0);
      ck_assert (vq_wait_pause (5, NULL, NULL));
    }
  text = job_read_text (job->out);
  *strchr (text, '\n') = '\0';
  return text;
}

void
job_assert_end (Job *job, VqEndKind kind, int value)
{
  job_wait (job);
  ck_assert_msg (job->kind == kind && job->value == value, "ended with %d %d: %s", job->kind,
                 job->value, job->message != NULL ? job->message : "");
}

void
job_assert_failure (Job *job, const char *text)
{
  job_assert_end (job, VQ_ENDED_FAILED, 0);
  ck_assert_msg (strstr (job->message, text) != NULL, "%s", job->message);
}

void
job_assert_text (int fd, const char *expected)
{
  g_autofree char *text = job_read_text (fd);

  ck_assert_str_eq (text, expected);
}

void
job_check_lost_streams (VqChannel *channel)
{
  static const struct
  {
    const char *in, *out, *expected;
  } cases[] = {
    { "/proc/self/mem", "/dev/null", "stdin of the command is lost: cannot read: Input/output" },
    { "/dev/zero", "/dev/full", "stdout of the command is lost: cannot write: No space left" },
  };
  static const char *const argv[] = { "cat", NULL };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      int in = open (cases[i].in, O_RDONLY | O_CLOEXEC);
      int out = open (cases[i].out, O_WRONLY | O_CLOEXEC);
      g_autoptr (Job) job = job_start_with (channel, argv, in, out);

      job_assert_failure (job, cases[i].expected);
    }
}
