// SPDX-License-Identifier: GPL-2.0-or-later
/* Tests many commands on the ssh channel, and their ends, with the real sshd on this machine. */
#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "channel/channel-capture.h"
#include "base/error.h"
#include "host-agent.h"
#include "ssh-setup.h"
#include "ssh/ssh-channel.h"
#include "suite.h"

CASE ("sshd", setup, teardown, 240)

/* All commands run at once, so that any can wait for any other, and each can be killed. OpenSSH's
 * own limits never turn one away. */
TEST (forty_at_once)
{
  g_autofree char *log = NULL;
  Job *jobs[40];

  host_sshd_listen (host);
  for (guint i = 0; i < G_N_ELEMENTS (jobs); i++)
    jobs[i] = job_shell (channel, "echo started; exec sleep 1000");
  for (guint i = 0; i < G_N_ELEMENTS (jobs); i++)
    g_free (job_first_line (jobs[i]));
  for (guint i = 0; i < G_N_ELEMENTS (jobs); i++)
    vq_channel_kill (channel, jobs[i]->command);
  for (guint i = 0; i < G_N_ELEMENTS (jobs); i++)
    {
      job_assert_end (jobs[i], VQ_ENDED_SIGNALLED, SIGKILL);
      job_free (jobs[i]);
    }
  log = host_sshd_read_log (host);
  ck_assert_msg (strstr (log, "MaxStartups") == NULL, "%s", log);
}

/* With ten connections that are not logged in, OpenSSH's server begins to turn new ones away at
 * random. */
TEST (few_log_in_at_once)
{
  Job *jobs[40];

  host_sshd_ignore (host, 1000);
  for (guint i = 0; i < G_N_ELEMENTS (jobs); i++)
    jobs[i] = job_shell (channel, "true");
  ck_assert (vq_wait_pause (1500, NULL, NULL));
  ck_assert_uint_ge (host_sshd_count (host), 2);
  ck_assert_uint_lt (host_sshd_count (host), 10);
  g_clear_pointer (&channel, vq_channel_free);
  for (guint i = 0; i < G_N_ELEMENTS (jobs); i++)
    job_free (jobs[i]);
}

/* A server that lets only one at a time log in. */
TEST (where_there_is_no_room)
{
  Job *jobs[8];

  g_clear_pointer (&channel, vq_channel_free);
  g_clear_pointer (&host, host_sshd_free);
  open_channel ("MaxStartups 1");
  host_sshd_listen (host);
  for (guint i = 0; i < G_N_ELEMENTS (jobs); i++)
    {
      g_autofree char *script = g_strdup_printf ("echo %u; exit %u", i, i);

      jobs[i] = job_shell (channel, script);
    }
  for (guint i = 0; i < G_N_ELEMENTS (jobs); i++)
    {
      g_autofree char *expected = g_strdup_printf ("%u\n", i);

      job_assert_end (jobs[i], VQ_ENDED_EXITED, i);
      job_assert_text (jobs[i]->out, expected);
      job_free (jobs[i]);
    }
}

/* The server allows one session per connection, so the signal needs a new connection. */
TEST (kill_over_another_connection)
{
  g_autoptr (Job) job = NULL;
  g_autofree char *line = NULL;
  pid_t pid;

  g_clear_pointer (&channel, vq_channel_free);
  g_clear_pointer (&host, host_sshd_free);
  open_channel ("MaxSessions 1");
  job = job_shell (channel, "echo $$; exec sleep 1000");
  line = job_first_line (job);
  pid = atoi (line);
  ck_assert_int_gt (pid, 1);
  vq_channel_kill (channel, job->command);
  job_assert_end (job, VQ_ENDED_SIGNALLED, SIGKILL);
  ck_assert_uint_eq (host_sshd_count (host), 2);
  while (!is_gone (&pid))
    ck_assert (vq_wait_pause (5, NULL, NULL));
}

/* Nothing of the command runs any more. The teardown sees that nothing is left as a zombie. */
TEST (kill_what_writes)
{
  g_autoptr (Job) job = job_shell (channel, "yes & yes >&2 & wait");

  g_free (job_first_line (job)); /* it writes */
  vq_channel_kill (channel, job->command);
  job_assert_end (job, VQ_ENDED_SIGNALLED, SIGKILL);
}

TEST (kill_with_much_input)
{
  static const char *const argv[] = { "sleep", "1000", NULL };
  g_autofree guint8 *bytes = random_bytes (8 * MIB);

  for (guint pause = 0; pause <= 200; pause += 50)
    {
      g_autoptr (Job) job = job_start (channel, argv, bytes, 8 * MIB);

      ck_assert (pause == 0 || vq_wait_pause (pause, NULL, NULL));
      vq_channel_kill (channel, job->command);
      job_assert_end (job, VQ_ENDED_SIGNALLED, SIGKILL);
    }
}

/* The command ends by itself when nobody reads its output any more. */
#define ENDLESS "echo started; while echo x >&2; do sleep 0.1; done"

/* Only one command loses its connection. Others have their own, and so have later ones. */
TEST (sshd_killed)
{
  g_autoptr (Job) job = job_shell (channel, ENDLESS);
  g_autoptr (Job) other = NULL;

  g_free (job_first_line (job));
  other = job_shell (channel, "sleep 1; exit 3");
  host_sshd_kill (host, 0);
  job_assert_failure (job, "the ssh connection to the guest is lost: ");
  job_assert_end (other, VQ_ENDED_EXITED, 3);
}

TEST (sshd_killed_with_data_on_its_way)
{
  static const char *const argv[] = { "sh", "-c", "echo started; cat", NULL };
  g_autofree guint8 *bytes = random_bytes (32 * MIB);
  g_autoptr (Job) job = job_start (channel, argv, bytes, 32 * MIB);

  g_free (job_first_line (job));
  host_sshd_kill (host, 0);
  job_assert_failure (job, "the ssh connection to the guest is lost: ");
}

TEST (program_killed)
{
  g_autoptr (Job) job = job_shell (channel, ENDLESS);

  g_free (job_first_line (job));
  ck_assert_int_eq (kill (find_program (getpid ()), SIGKILL), 0);
  job_assert_failure (job, "virt-qemu-ssh: Child process killed by signal 9");
}

/* Some commands run, some log in, and some wait for their turn. */
TEST (free_with_commands)
{
  Job *jobs[12];

  jobs[0] = job_shell (channel, ENDLESS);
  g_free (job_first_line (jobs[0]));
  for (guint i = 1; i < G_N_ELEMENTS (jobs); i++)
    jobs[i] = job_shell (channel, "sleep 1");
  ck_assert (vq_wait_pause (50, NULL, NULL));
  g_clear_pointer (&channel, vq_channel_free);
  for (guint i = 0; i < G_N_ELEMENTS (jobs); i++)
    {
      job_assert_failure (jobs[i], "the machine was closed");
      job_free (jobs[i]);
    }
}

/* Another process stands for the server and is killed. Its environment tells it what to do. */
#define PORT "VQ_CHECK_PORT"
#define KEY "VQ_CHECK_KEY"

static void
ignore_end (const VqEnd *end, gpointer data)
{
}

/* Its stdout is the command's. */
static void G_GNUC_NORETURN
be_a_server (void)
{
  static const char *const argv[] = { "sh", "-c", ENDLESS, NULL };
  VqSshLogin login = { .port = atoi (g_getenv (PORT)),
                       .user = g_strdup (g_get_user_name ()),
                       .key = g_strdup (g_getenv (KEY)) };
  VqChannel *own = vq_ssh_channel_new (&login, vq_deadline_in (PATIENCE));

  vq_channel_start (own, argv, dup (0), dup (1), dup (2), ignore_end, NULL);
  for (;;)
    (void)!vq_wait_pause (1000, NULL, NULL);
}

int
suite_prepare (int argc, char **argv)
{
  if (argc > 1)
    be_a_server ();
  return -1;
}

static GPid
start_server (int *out)
{
  VqSshLogin *login = host_sshd_get_login (host);
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *port = g_strdup_printf ("%u", login->port);
  const char *const argv[] = { self, "server", NULL };
  g_auto (GStrv) environment = g_get_environ ();
  GPid pid;

  environment = g_environ_setenv (environment, PORT, port, TRUE);
  environment = g_environ_setenv (environment, KEY, login->key, TRUE);
  ck_assert (g_spawn_async_with_pipes (NULL, (char **)argv, environment, G_SPAWN_DO_NOT_REAP_CHILD,
                                       NULL, NULL, &pid, NULL, out, NULL, NULL));
  return pid;
}

/* The program is now our child. The teardown sees that it ends and that its command does. */
TEST (server_killed)
{
  int out = -1;
  GPid pid = start_server (&out);
  pid_t program;

  ck_assert (vq_wait_fd (out, G_IO_IN, vq_deadline_in (PATIENCE), NULL, "line", NULL));
  program = find_program (pid);
  ck_assert_int_eq (kill (pid, SIGKILL), 0);
  close (out);
  while (!is_gone (&program))
    {
      host_agent_assert_no_orphans ();
      ck_assert (vq_wait_pause (5, NULL, NULL));
    }
}

/* The number that a command has written to PATH, or 0 if it has not yet. */
static pid_t
read_pid (const char *path)
{
  g_autofree char *text = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL) || strchr (text, '\n') == NULL)
    return 0;
  return atoi (text);
}

/* vq_channel_capture kills the command at its deadline. */
TEST (run_with_a_deadline)
{
  g_autofree char *path = g_build_filename (host_sshd_get_directory (host), "pid", NULL);
  const char *const argv[] = { "sh", "-c", "echo $$ > \"$1\"; exec sleep 1000", "sh", path, NULL };
  VqChannelCapture *run = vq_channel_capture_start (channel, argv, -1, -1, NULL);
  g_autoptr (GError) error = NULL;
  pid_t pid;

  ck_assert_ptr_nonnull (run);
  while ((pid = read_pid (path)) == 0)
    ck_assert (vq_wait_pause (10, NULL, NULL));
  ck_assert (!vq_channel_capture_finish (run, NULL, vq_deadline_in (0.1), NULL, &error));
  ck_assert (vq_error_is_timeout (error));
  while (!is_gone (&pid))
    ck_assert (vq_wait_pause (10, NULL, NULL));
}
