// SPDX-License-Identifier: GPL-2.0-or-later
/* The ssh channel with the real sshd, on this machine: many commands, and their ends. */
#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "channel/channel-capture.h"
#include "base/error.h"
#include "ssh-setup.h"
#include "suite.h"

CASE ("sshd", setup, teardown, 240)

/* More than one connection takes. */
TEST (forty_at_once)
{
  Job *jobs[40];
  gint64 start = g_get_monotonic_time ();

  for (int i = 0; i < 40; i++)
    {
      g_autofree char *script = g_strdup_printf ("sleep 1; echo %d; exit %d", i, i);

      jobs[i] = job_shell (channel, script);
    }
  for (int i = 0; i < 40; i++)
    {
      g_autofree char *expected = g_strdup_printf ("%d\n", i);

      job_assert_end (jobs[i], VQ_ENDED_EXITED, i);
      job_assert_text (jobs[i]->out, expected);
      job_free (jobs[i]);
    }
  ck_assert_int_lt (g_get_monotonic_time () - start, 30 * G_USEC_PER_SEC);
  ck_assert_uint_ge (host_sshd_count (host), 5);
}

/* All run, so that any can wait for any other; and any can be killed. */
TEST (forty_that_stay)
{
  Job *jobs[40];

  for (int i = 0; i < 40; i++)
    jobs[i] = job_shell (channel, "echo started; exec sleep 1000");
  for (int i = 0; i < 40; i++)
    g_free (job_first_line (jobs[i]));
  for (int i = 0; i < 40; i++)
    vq_channel_kill (channel, jobs[i]->command);
  for (int i = 0; i < 40; i++)
    {
      job_assert_end (jobs[i], VQ_ENDED_SIGNALLED, SIGKILL);
      job_free (jobs[i]);
    }
}

/* No further connection, and less room on this one than OpenSSH has by itself: they wait. */
TEST (where_there_is_no_room)
{
  Job *jobs[12];

  g_clear_pointer (&channel, vq_channel_free);
  g_clear_pointer (&host, host_sshd_free);
  open_channel ("MaxSessions 3");
  host_sshd_refuse (host, 1000);
  for (int i = 0; i < 12; i++)
    {
      g_autofree char *script = g_strdup_printf ("exit %d", i);

      jobs[i] = job_shell (channel, script);
    }
  for (int i = 0; i < 12; i++)
    {
      job_assert_end (jobs[i], VQ_ENDED_EXITED, i);
      job_free (jobs[i]);
    }
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
  for (guint pause = 0; pause <= 50; pause += 1)
    {
      g_autoptr (Job) job = job_shell (channel, "sleep 1000");

      ck_assert (pause == 0 || vq_wait_pause (pause, NULL, NULL));
      vq_channel_kill (channel, job->command);
      job_assert_end (job, VQ_ENDED_SIGNALLED, SIGKILL);
    }
}

TEST (kill_with_much_input)
{
  static const char *const argv[] = { "sleep", "1000", NULL };
  g_autofree guint8 *bytes = random_bytes (8 * MIB);

  for (guint pause = 0; pause <= 100; pause += 20)
    {
      g_autoptr (Job) job = job_start (channel, argv, bytes, 8 * MIB);

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

/* Ends by itself when nobody reads it any more. */
#define ENDLESS "echo started; while echo x >&2; do sleep 0.1; done"

TEST (sshd_killed)
{
  Job *jobs[8];

  for (guint i = 0; i < G_N_ELEMENTS (jobs); i++)
    jobs[i] = job_shell (channel, ENDLESS);
  for (guint i = 0; i < 6; i++) /* the others are wherever they are */
    g_free (job_first_line (jobs[i]));
  host_sshd_kill (host, 0);
  for (guint i = 0; i < G_N_ELEMENTS (jobs); i++)
    {
      job_assert_failure (jobs[i], "the ssh connection to the guest is lost: ");
      job_free (jobs[i]);
    }
  jobs[0] = job_shell (channel, "true");
  job_assert_failure (jobs[0], "the ssh connection to the guest is lost: ");
  job_free (jobs[0]);
}

TEST (sshd_killed_with_data_on_its_way)
{
  static const char *const argv[] = { "cat", NULL };
  g_autofree guint8 *bytes = random_bytes (32 * MIB);
  g_autoptr (Job) job = job_start (channel, argv, bytes, 32 * MIB);

  ck_assert (vq_wait_pause (100, NULL, NULL));
  host_sshd_kill (host, 0);
  job_assert_failure (job, "the ssh connection to the guest is lost: ");
}

TEST (free_with_commands)
{
  g_autoptr (Job) running = job_shell (channel, ENDLESS);
  g_autoptr (Job) starting = NULL;

  g_free (job_first_line (running));
  starting = job_shell (channel, "true");
  g_clear_pointer (&channel, vq_channel_free);
  job_assert_failure (running, "the testbed was closed");
  job_assert_failure (starting, "the testbed was closed");
}

TEST (free_with_forty)
{
  Job *jobs[40];

  for (int i = 0; i < 40; i++)
    jobs[i] = job_shell (channel, "sleep 1");
  ck_assert (vq_wait_pause (200, NULL, NULL));
  g_clear_pointer (&channel, vq_channel_free);
  for (int i = 0; i < 40; i++)
    {
      job_assert_failure (jobs[i], "the testbed was closed");
      job_free (jobs[i]);
    }
}

static gboolean
has_been_killed (gpointer data)
{
  g_autofree char *text = NULL;
  pid_t pid;

  if (!g_file_get_contents (data, &text, NULL, NULL) || strchr (text, '\n') == NULL)
    return FALSE;
  pid = atoi (text);
  return is_gone (&pid);
}

/* vq_channel_capture kills the command at its deadline. */
TEST (run_with_a_deadline)
{
  g_autofree char *path = g_build_filename (host_sshd_get_directory (host), "pid", NULL);
  const char *const argv[] = { "sh", "-c", "echo $$ > \"$1\"; exec sleep 1000", "sh", path, NULL };
  g_autoptr (GError) error = NULL;

  ck_assert (!vq_channel_capture (channel, argv, NULL, NULL, vq_deadline_in (0.3), NULL, &error));
  ck_assert (vq_error_is_timeout (error));
  for (int i = 0; !has_been_killed (path); i++)
    {
      ck_assert_int_lt (i, PATIENCE * 100);
      ck_assert (vq_wait_pause (10, NULL, NULL));
    }
}
