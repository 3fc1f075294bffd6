// SPDX-License-Identifier: GPL-2.0-or-later
/* The exec channel with an exec server of ours, whose commands run here, and with servers that are
 * none. */
#include "channel/exec-channel.h"

#include <check.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent-job.h"
#include "base/error.h"
#include "channel/exec-server.h"
#include "channel/exec-wire.h"
#include "host-channel.h"
#include "leaks.h"
#include "suite.h"

#define PATIENCE 60 /* seconds; for things that take none */

static char *directory;
static char *socket_path;
static VqChannel *host;
static VqExecServer *server;
static VqChannel *channel;

static void
setup_bare (void)
{
  signal (SIGPIPE, SIG_IGN);
  leaks_begin ();
  directory = g_dir_make_tmp ("vq-exec-XXXXXX", NULL);
  socket_path = g_build_filename (directory, "socket", NULL);
  channel = vq_exec_channel_new (socket_path);
}

static void
setup (void)
{
  setup_bare ();
  server = vq_exec_server_new (socket_path, NULL);
  ck_assert_ptr_nonnull (server);
  host = host_channel_new ();
  vq_exec_server_set_channel (server, host);
}

static void
teardown (void)
{
  g_clear_pointer (&channel, vq_channel_free);
  g_clear_pointer (&server, vq_exec_server_free);
  g_clear_pointer (&host, vq_channel_free);
  ck_assert_int_eq (g_rmdir (directory), 0);
  g_clear_pointer (&directory, g_free);
  g_clear_pointer (&socket_path, g_free);
  leaks_assert_none ();
}

static void
wait_for (VqWaitCondition condition, gpointer data)
{
  ck_assert (vq_wait_until (condition, data, vq_deadline_in (PATIENCE), NULL, "event", NULL));
}

static gboolean
as_many_run (gpointer data)
{
  return host_channel_n_running (host) == GPOINTER_TO_UINT (data);
}

static void
fail_with (const char *text)
{
  g_autoptr (GError) reason = NULL;

  vq_error_set (&reason, VQ_ERROR_FAILED, "%s", text);
  vq_exec_channel_fail (channel, reason);
}

CASE ("exec server", setup, teardown, 60)

TEST (streams_and_statuses)
{
  static const int statuses[] = { 0, 1, 127, 128, 253, 254, 255 };

  for (guint i = 0; i < G_N_ELEMENTS (statuses); i++)
    {
      g_autofree char *script = g_strdup_printf ("cat; echo err >&2; exit %d", statuses[i]);
      const char *const argv[] = { "sh", "-c", script, NULL };
      g_autoptr (Job) job = job_start (channel, argv, "input", 5);

      job_assert_end (job, VQ_ENDED_EXITED, statuses[i]);
      job_assert_text (job->out, "input");
      job_assert_text (job->err, "err\n");
    }
}

TEST (signals)
{
  static const int numbers[] = { SIGHUP, SIGKILL, SIGSEGV, SIGTERM, SIGBUS };

  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    {
      g_autofree char *script = g_strdup_printf ("ulimit -c 0; kill -%d $$", numbers[i]);
      g_autoptr (Job) job = job_shell (channel, script);

      job_assert_end (job, VQ_ENDED_SIGNALLED, numbers[i]);
    }
}

TEST (any_bytes)
{
  char all[256] = { 0 };
  const char *const argv[] = { "printf", "%s|", "", all, "two\nlines", "", NULL };
  g_autoptr (Job) job = NULL;
  g_autofree char *expected = NULL;

  for (guint i = 0; i < 255; i++)
    all[i] = (char)(i + 1);
  job = job_start (channel, argv, "", 0);
  expected = g_strdup_printf ("|%s|two\nlines||", all);
  job_assert_end (job, VQ_ENDED_EXITED, 0);
  job_assert_text (job->out, expected);
}

/* Of N_WORDS words with some KB each; more than a socket takes at once. */
#define N_WORDS 100
#define WORD_LENGTH 8000

static char **
long_argv (void)
{
  char **argv = g_new0 (char *, N_WORDS + 4);

  argv[0] = g_strdup ("sh");
  argv[1] = g_strdup ("-c");
  argv[2] = g_strdup ("printf %s \"$@\" | wc -c");
  for (guint i = 0; i < N_WORDS; i++)
    argv[i + 3] = g_strnfill (WORD_LENGTH, 'w');
  return argv;
}

TEST (long_words)
{
  g_auto (GStrv) argv = long_argv ();
  g_autoptr (Job) job = job_start (channel, (const char *const *)argv, "", 0);
  g_autofree char *expected = g_strdup_printf ("%d\n", (N_WORDS - 1) * WORD_LENGTH);

  job_assert_end (job, VQ_ENDED_EXITED, 0);
  job_assert_text (job->out, expected);
}

/* Its words are still on their way: it never starts. */
TEST (killed_before_it_is_sent)
{
  g_auto (GStrv) argv = long_argv ();
  g_autoptr (Job) job = job_start (channel, (const char *const *)argv, "", 0);

  vq_channel_kill (channel, job->command);
  job_assert_end (job, VQ_ENDED_SIGNALLED, SIGKILL);
  job_assert_text (job->out, "");
}

TEST (too_many_words)
{
  const char **argv = g_new0 (const char *, VQ_EXEC_ARGC_MAX + 2);
  g_autofree char *word = g_strnfill (VQ_EXEC_ARGV_BYTES_MAX, 'w');
  const char *const large[] = { word, NULL };
  g_autoptr (Job) many = NULL;
  g_autoptr (Job) too_large = job_start (channel, large, "", 0);

  for (guint i = 0; i < VQ_EXEC_ARGC_MAX + 1; i++)
    argv[i] = "w";
  many = job_start (channel, argv, "", 0);
  job_assert_failure (many, "the command has too many or too long arguments");
  job_assert_failure (too_large, "the command has too many or too long arguments");
  g_free (argv);
}

#define N_AT_ONCE 200

/* All of them run before the first ends. */
TEST (many_at_once)
{
  static const char *const argv[] = { "sh", "-c", "read line; exit 3", NULL };
  Job *jobs[N_AT_ONCE];
  int gate[2];

  ck_assert_int_eq (pipe2 (gate, O_CLOEXEC), 0);
  for (guint i = 0; i < N_AT_ONCE; i++)
    {
      int in = fcntl (gate[0], F_DUPFD_CLOEXEC, 3);

      jobs[i] = job_start_with (channel, argv, in, job_make_file ("", 0));
    }
  wait_for (as_many_run, GUINT_TO_POINTER (N_AT_ONCE));
  close (gate[0]);
  close (gate[1]);
  for (guint i = 0; i < N_AT_ONCE; i++)
    {
      job_assert_end (jobs[i], VQ_ENDED_EXITED, 3);
      job_free (jobs[i]);
    }
}

TEST (killed)
{
  g_autoptr (Job) job = job_shell (channel, "sleep 1000");
  g_autoptr (Job) other = job_shell (channel, "sleep 1000");

  wait_for (as_many_run, GUINT_TO_POINTER (2));
  vq_channel_kill (channel, job->command);
  vq_channel_kill (channel, job->command);
  job_assert_end (job, VQ_ENDED_SIGNALLED, SIGKILL);
  ck_assert_uint_eq (host_channel_n_killed (host), 1);
  wait_for (as_many_run, GUINT_TO_POINTER (1));
  ck_assert (!other->done);
  vq_channel_kill (channel, other->command);
  job_assert_end (other, VQ_ENDED_SIGNALLED, SIGKILL);
  wait_for (as_many_run, GUINT_TO_POINTER (0));
}

TEST (killed_at_once)
{
  g_autoptr (Job) job = job_shell (channel, "sleep 1000");

  vq_channel_kill (channel, job->command);
  job_assert_end (job, VQ_ENDED_SIGNALLED, SIGKILL);
  wait_for (as_many_run, GUINT_TO_POINTER (0));
}

TEST (freed_with_commands)
{
  g_autoptr (Job) job = job_shell (channel, "sleep 1000");
  g_autoptr (Job) starting = NULL;

  wait_for (as_many_run, GUINT_TO_POINTER (1));
  starting = job_shell (channel, "sleep 1000");
  g_clear_pointer (&channel, vq_channel_free);
  job_assert_failure (job, "the testbed was closed while the command ran");
  job_assert_failure (starting, "the testbed was closed while the command ran");
  wait_for (as_many_run, GUINT_TO_POINTER (0));
}

TEST (server_says_no)
{
  g_autoptr (Job) running = job_shell (channel, "sleep 1000");
  g_autoptr (Job) next = NULL;

  wait_for (as_many_run, GUINT_TO_POINTER (1));
  vq_exec_server_set_channel (server, NULL);
  next = job_shell (channel, "true");
  job_assert_failure (running, "the testbed was closed while the command ran");
  job_assert_failure (next, "the testbed is not open");
  wait_for (as_many_run, GUINT_TO_POINTER (0));
}

CASE ("others", setup_bare, teardown, 60)

/* Somebody says why, sooner or later. */
TEST (nobody_listens)
{
  g_autoptr (Job) before = job_shell (channel, "true");
  g_autoptr (Job) after = NULL;

  ck_assert (vq_wait_pause (100, NULL, NULL));
  ck_assert (!before->done);
  fail_with ("it died");
  fail_with ("it died again");
  job_assert_failure (before, "it died");
  ck_assert_str_eq (before->message, "it died");
  after = job_shell (channel, "true");
  job_assert_failure (after, "it died");
}

TEST (nobody_says_why)
{
  g_autoptr (Job) job = job_shell (channel, "true");

  job_assert_failure (job, "the program that runs the commands went away");
}

TEST (freed_while_lost)
{
  g_autoptr (Job) job = job_shell (channel, "true");

  g_clear_pointer (&channel, vq_channel_free);
  job_assert_failure (job, "the testbed was closed");
}

CASE ("exec server", setup, teardown, 60)

TEST (long_path)
{
  g_autofree char *path = g_strnfill (200, 'p');
  VqChannel *other = vq_exec_channel_new (path);
  g_autoptr (Job) job = job_shell (other, "true");

  job_assert_failure (job, "cannot hand the command on: File name too long");
  vq_channel_free (other);
}

/* A server of the test's own: takes the connection of JOB and sends N BYTES, one at a time.
 * The last of them has not been read when this returns. */
static void
answer (const void *bytes, gsize n, Job **job)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int listener = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  char buffer[4096];
  int fd;

  g_strlcpy (address.sun_path, socket_path, sizeof address.sun_path);
  ck_assert_int_eq (bind (listener, (struct sockaddr *)&address, sizeof address), 0);
  ck_assert_int_eq (listen (listener, 1), 0);
  *job = job_shell (channel, "true");
  fd = accept4 (listener, NULL, NULL, SOCK_CLOEXEC);
  ck_assert_int_ge (fd, 0);
  ck_assert_int_gt (recv (fd, buffer, sizeof buffer, 0), 0);
  for (gsize i = 0; i < n; i++)
    {
      vq_wait_serve ();
      ck_assert (!(*job)->done);
      ck_assert_int_eq (send (fd, (const char *)bytes + i, 1, MSG_NOSIGNAL), 1);
    }
  close (fd);
  close (listener);
  g_unlink (socket_path);
}

CASE ("others", setup_bare, teardown, 60)

TEST (replies_byte_by_byte)
{
  static const struct
  {
    VqExecReply reply;
    const char *text;
    VqEndKind kind;
    int value;
  } cases[] = {
    { { VQ_EXEC_MAGIC, VQ_EXEC_EXITED, 7, 0 }, "", VQ_ENDED_EXITED, 7 },
    { { VQ_EXEC_MAGIC, VQ_EXEC_SIGNALLED, 15, 0 }, "", VQ_ENDED_SIGNALLED, 15 },
    { { VQ_EXEC_MAGIC, VQ_EXEC_FAILED, 0, 9 }, "no\033[2Jway", VQ_ENDED_FAILED, 0 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GByteArray) bytes = g_byte_array_new ();
      g_autoptr (Job) job = NULL;

      g_byte_array_append (bytes, (const guint8 *)&cases[i].reply, sizeof cases[i].reply);
      g_byte_array_append (bytes, (const guint8 *)cases[i].text, strlen (cases[i].text));
      answer (bytes->data, bytes->len, &job);
      job_assert_end (job, cases[i].kind, cases[i].value);
      if (cases[i].kind == VQ_ENDED_FAILED)
        ck_assert_str_eq (job->message, "no [2Jway");
    }
}

TEST (wrong_replies)
{
  static const VqExecReply cases[] = {
    { 12345, VQ_EXEC_EXITED, 0, 0 },
    { VQ_EXEC_MAGIC, VQ_EXEC_FAILED, 0, VQ_EXEC_TEXT_MAX + 1 },
    { VQ_EXEC_MAGIC, VQ_EXEC_FAILED, 0, G_MAXUINT32 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (Job) job = NULL;

      answer (&cases[i], sizeof cases[i], &job);
      job_assert_failure (job, "is of another version");
    }
}

/* It dies before the reply is complete. */
TEST (reply_cut_off)
{
  static const VqExecReply reply = { VQ_EXEC_MAGIC, VQ_EXEC_EXITED, 0, 0 };
  g_autoptr (Job) job = NULL;

  answer (&reply, sizeof reply - 1, &job);
  ck_assert (vq_wait_pause (100, NULL, NULL));
  ck_assert (!job->done);
  fail_with ("it died");
  job_assert_failure (job, "it died");
}

/* What it said before it died counts. */
TEST (died_after_the_reply)
{
  static const VqExecReply reply = { VQ_EXEC_MAGIC, VQ_EXEC_EXITED, 5, 0 };
  g_autoptr (Job) job = NULL;

  answer (&reply, sizeof reply, &job);
  fail_with ("it died");
  job_assert_end (job, VQ_ENDED_EXITED, 5);
}

TEST (died_after_a_kill)
{
  g_autoptr (Job) job = NULL;

  answer ("", 0, &job);
  fail_with ("it died");
  vq_channel_kill (channel, job->command);
  job_assert_failure (job, "it died");
}
