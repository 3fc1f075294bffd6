// SPDX-License-Identifier: GPL-2.0-or-later
/* What only the helper's channel has, with the real guest helper on this machine; what it has in
 * common with others is in check_channel_contract. */
#include "helper/helper-channel.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent-job.h"
#include "channel/channel-capture.h"
#include "base/error.h"
#include "helper-process.h"
#include "host-agent.h"
#include "leaks.h"
#include "suite.h"

#define PATIENCE 60 /* seconds; for things that take none */
#define MIB (1024 * 1024)

static GPid helper;
static VqHelperPort *port;
static VqChannel *channel;

static void
sync_port (void)
{
  g_autoptr (GError) error = NULL;

  ck_assert_msg (vq_helper_port_sync (port, vq_deadline_in (PATIENCE), NULL, &error), "%s",
                 error != NULL ? error->message : "");
}

static void
setup (void)
{
  signal (SIGPIPE, SIG_IGN);
  leaks_begin ();
  port = vq_helper_port_new (helper_process_start (&helper));
  sync_port ();
  channel = vq_helper_channel_new (port);
}

/* The helper ends when its connection does, and leaves nothing behind. */
static void
teardown (void)
{
  g_clear_pointer (&channel, vq_channel_free);
  g_clear_pointer (&port, vq_helper_port_free);
  if (helper != 0)
    helper_process_stop (-1, helper);
  host_agent_assert_no_orphans ();
  ck_assert (!g_main_context_pending (NULL));
  leaks_assert_none ();
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

int
suite_prepare (int argc, char **argv)
{
  host_agent_adopt_orphans ();
  return -1;
}

CASE ("guest helper", setup, teardown, 240)

TEST (lost_streams)
{
  job_check_lost_streams (channel);
}

/* With each exit status that there is. */
TEST (three_hundred_at_once)
{
  Job *jobs[300];

  for (int i = 0; i < 300; i++)
    {
      g_autofree char *script = g_strdup_printf ("cat; echo %d; exit %d", i, i % 256);
      const char *const argv[] = { "sh", "-c", script, NULL };

      jobs[i] = job_start (channel, argv, "words\n", 6);
    }
  for (int i = 0; i < 300; i++)
    {
      g_autofree char *expected = g_strdup_printf ("words\n%d\n", i);

      job_assert_end (jobs[i], VQ_ENDED_EXITED, i % 256);
      job_assert_text (jobs[i]->out, expected);
      job_free (jobs[i]);
    }
}

/* Wherever they are. */
TEST (helper_killed)
{
  Job *jobs[8];

  for (guint i = 0; i < G_N_ELEMENTS (jobs); i++)
    jobs[i] = job_shell (channel, "echo started; exec sleep 1");
  for (guint i = 0; i < 6; i++)
    g_free (job_first_line (jobs[i]));
  ck_assert_int_eq (kill (helper, SIGKILL), 0);
  for (guint i = 0; i < G_N_ELEMENTS (jobs); i++)
    {
      job_assert_failure (jobs[i], "the connection to the guest helper was closed");
      job_free (jobs[i]);
    }
}

/* A new server, as in a fork: what ran for the old one is killed. */
TEST (sync_again)
{
  g_autoptr (Job) job = job_shell (channel, "echo $$; yes; sleep 1000");
  g_autofree char *line = job_first_line (job);
  pid_t pid = atoi (line);
  g_autoptr (Job) next = NULL;

  sync_port ();
  job_assert_failure (job, "the connection to the guest helper is made anew");
  next = job_shell (channel, "echo next");
  job_assert_end (next, VQ_ENDED_EXITED, 0);
  job_assert_text (next->out, "next\n");
  ck_assert (vq_wait_until (is_gone, &pid, vq_deadline_in (PATIENCE), NULL, "end", NULL));
}

static gsize
measure_memory (void)
{
  g_autofree char *text = NULL;
  gulong size, resident;

  ck_assert (g_file_get_contents ("/proc/self/statm", &text, NULL, NULL));
  ck_assert_int_eq (sscanf (text, "%lu %lu", &size, &resident), 2);
  return resident * sysconf (_SC_PAGESIZE);
}

/* The sanitizer and valgrind, which runs us in one process, take some for themselves. */
static gboolean
memory_is_our_own (void)
{
#ifdef __SANITIZE_ADDRESS__
  return FALSE;
#endif
  return g_strcmp0 (g_getenv ("CK_FORK"), "no") != 0;
}

/* 64 MiB, and nobody reads for a while: then all of it is there. */
TEST (sleeping_reader)
{
  static const char *const argv[] = { "head", "-c", "67108864", "/dev/zero", NULL };
  g_autofree char *buffer = g_malloc0 (MIB);
  gsize got = 0, sleep_at = 0, before = measure_memory (), peak = before;
  g_autoptr (Job) job = NULL;
  int ends[2];

  make_pipe (ends);
  job = job_start_with (channel, argv, job_make_file ("", 0), ends[1]);
  for (gssize n = 1; n > 0; got += n)
    {
      if (got >= sleep_at)
        {
          ck_assert (vq_wait_pause (300, NULL, NULL));
          sleep_at += 32 * MIB;
        }
      peak = MAX (peak, measure_memory ());
      ck_assert (!job->done || got >= 64 * MIB - 2 * VQ_HELPER_WINDOW);
      ck_assert (vq_wait_fd (ends[0], G_IO_IN, vq_deadline_in (PATIENCE), NULL, "output", NULL));
      n = read (ends[0], buffer, MIB);
      ck_assert_int_ge (n, 0);
    }
  job_assert_end (job, VQ_ENDED_EXITED, 0);
  ck_assert_uint_eq (got, 64 * MIB);
  ck_assert (peak - before < 4 * MIB || !memory_is_our_own ());
  close (ends[0]);
}

static void
wait_for_text (int fd, const char *text)
{
  g_autofree char *all = NULL;

  do
    {
      g_main_context_iteration (NULL, all != NULL);
      g_free (all);
      all = job_read_text (fd);
    }
  while (strstr (all, text) == NULL);
}

static void
note_end (const VqEnd *end, gpointer data)
{
  *(VqEnd *)data = *end;
}

/* Its size, a new one, and the end of its input, which hangs it up. */
TEST (terminal)
{
  static const char *const argv[]
      = { "sh", "-c", "stty size; pwd; echo $WORD; read x; stty size; cat", NULL };
  static const char *const environment[] = { "WORD=of the environment", NULL };
  static const VqTerminal request = { argv, "/usr", environment, 24, 80 };
  VqEnd end = { VQ_ENDED_FAILED, 0, NULL };
  int out = job_make_file ("", 0);
  VqCommand *command;
  int in[2];

  make_pipe (in);
  command = vq_channel_start_terminal (channel, &request, in[0], fcntl (out, F_DUPFD_CLOEXEC, 3),
                                       note_end, &end);
  wait_for_text (out, "24 80\r\n/usr\r\nof the environment\r\n");
  vq_channel_resize (channel, command, 25, 100);
  ck_assert_int_eq (write (in[1], "\n", 1), 1);
  wait_for_text (out, "25 100");
  close (in[1]);
  while (end.kind == VQ_ENDED_FAILED)
    g_main_context_iteration (NULL, TRUE);
  ck_assert_int_eq (end.kind, VQ_ENDED_SIGNALLED);
  ck_assert_int_eq (end.value, SIGHUP);
  close (out);
}
