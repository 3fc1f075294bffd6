// SPDX-License-Identifier: GPL-2.0-or-later
/* ssh through virt-qemu-ssh with the real sshd, on this machine. */
#include "ssh/ssh-client.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent-job.h"
#include "channel/channel-capture.h"
#include "ssh/cloud-seed.h"
#include "base/error.h"
#include "host-agent.h"
#include "host-sshd.h"
#include "leaks.h"
#include "ssh/ssh-key.h"
#include "suite.h"
#include "tree.h"

#define PATIENCE 60 /* seconds; for things that take none */
#define MIB (1024 * 1024)

static HostSshd *host;
static char *directory;
static VqSshClient *client;
static VqChannel *channel;

static void
open_client (void)
{
  g_autoptr (GError) error = NULL;

  client = vq_ssh_client_open (host_sshd_get_login (host), directory, vq_deadline_in (PATIENCE),
                               NULL, &error);
  ck_assert_msg (client != NULL, "%s", error != NULL ? error->message : "");
  channel = vq_ssh_client_get_channel (client);
  ck_assert_ptr_nonnull (channel);
}

static void
setup_bare (void)
{
  signal (SIGPIPE, SIG_IGN);
  host_agent_adopt_orphans (); /* each test, which may be a process of its own */
  leaks_begin ();
  directory = g_dir_make_tmp ("vq-client-XXXXXX", NULL);
}

static void
setup (void)
{
  setup_bare ();
  host = host_sshd_new (NULL);
  open_client ();
}

static void
teardown_bare (void)
{
  tree_remove (directory);
  g_clear_pointer (&directory, g_free);
  leaks_assert_none ();
}

static void
teardown (void)
{
  g_autofree char *path = g_build_filename (directory, "ssh", NULL);

  g_clear_pointer (&client, vq_ssh_client_free);
  ck_assert (!g_file_test (path, G_FILE_TEST_EXISTS));
  host_agent_assert_no_orphans ();
  g_clear_pointer (&host, host_sshd_free);
  teardown_bare ();
}

CASE ("sshd", setup, teardown, 120)

TEST (commands)
{
  static const int statuses[] = { 0, 1, 126, 127, 128, 253, 254, 255 };

  for (guint i = 0; i < G_N_ELEMENTS (statuses); i++)
    {
      g_autofree char *script = g_strdup_printf ("cat; pwd; echo err >&2; exit %d", statuses[i]);
      const char *const argv[] = { "sh", "-c", script, NULL };
      g_autoptr (Job) job = job_start (channel, argv, "input\n", 6);

      job_assert_end (job, VQ_ENDED_EXITED, statuses[i]);
      job_assert_text (job->out, "input\n/\n");
      job_assert_text (job->err, "err\n");
    }
  ck_assert_uint_eq (host_sshd_count (host), 1);
}

TEST (signals)
{
  static const int numbers[] = { SIGHUP, SIGINT, SIGKILL, SIGSEGV, SIGTERM };

  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    {
      g_autofree char *script = g_strdup_printf ("ulimit -c 0; kill -%d $$", numbers[i]);
      g_autoptr (Job) job = job_shell (channel, script);

      job_assert_end (job, VQ_ENDED_SIGNALLED, numbers[i]);
    }
}

TEST (a_script)
{
  static const char *const argv[] = { "sh", "-eu", NULL };
  g_autofree char *out = NULL;
  g_autoptr (GError) error = NULL;

  ck_assert (vq_channel_capture (channel, argv, "id -u\necho \"$HOME\"\n", &out,
                                 vq_deadline_in (PATIENCE), NULL, NULL));
  ck_assert_ptr_nonnull (strchr (out, '\n'));
  ck_assert (!vq_channel_capture (channel, argv, "echo wrong >&2; exit 3", NULL,
                                  vq_deadline_in (PATIENCE), NULL, &error));
  ck_assert_str_eq (error->message, "sh: exit status 3: wrong");
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

TEST (much_in_both_directions)
{
  static const char *const argv[] = { "cat", NULL };
  gsize size = 64 * MIB;
  g_autofree guint8 *bytes = random_bytes (size);
  g_autoptr (Job) job = job_start (channel, argv, bytes, size);
  g_autoptr (GBytes) got = NULL;

  job_assert_end (job, VQ_ENDED_EXITED, 0);
  got = job_read_file (job->out);
  ck_assert_uint_eq (g_bytes_get_size (got), size);
  ck_assert_int_eq (memcmp (g_bytes_get_data (got, NULL), bytes, size), 0);
}

/* More than one connection takes; each waits for the end of its input, and that for all. */
TEST (forty_at_once)
{
  static const char *const argv[] = { "sh", "-c", "echo started >&2; read x; exit 4", NULL };
  Job *jobs[40];
  int gate[2];

  ck_assert_int_eq (pipe2 (gate, O_CLOEXEC), 0);
  for (guint i = 0; i < G_N_ELEMENTS (jobs); i++)
    jobs[i] = job_start_with (channel, argv, fcntl (gate[0], F_DUPFD_CLOEXEC, 3),
                              job_make_file ("", 0));
  for (guint i = 0; i < G_N_ELEMENTS (jobs); i++)
    {
      char *text = NULL;

      while (text == NULL || text[0] == '\0')
        {
          g_free (text);
          ck_assert (vq_wait_pause (5, NULL, NULL));
          text = job_read_text (jobs[i]->err);
        }
      g_free (text);
    }
  close (gate[0]);
  close (gate[1]);
  for (guint i = 0; i < G_N_ELEMENTS (jobs); i++)
    {
      job_assert_end (jobs[i], VQ_ENDED_EXITED, 4);
      job_free (jobs[i]);
    }
}

static gboolean
is_gone (gpointer data)
{
  return kill (*(pid_t *)data, 0) < 0 && errno == ESRCH;
}

/* The process is in no hurry to be reaped: sshd does that. */
TEST (killed)
{
  g_autoptr (Job) job = job_shell (channel, "echo $$; exec sleep 1000");
  g_autofree char *line = job_first_line (job);
  g_autoptr (Job) next = NULL;
  pid_t pid = atoi (line);

  ck_assert_int_gt (pid, 1);
  vq_channel_kill (channel, job->command);
  job_assert_end (job, VQ_ENDED_SIGNALLED, SIGKILL);
  while (!is_gone (&pid))
    ck_assert (vq_wait_pause (5, NULL, NULL));
  next = job_shell (channel, "exit 5");
  job_assert_end (next, VQ_ENDED_EXITED, 5);
}

/* Nobody who may look at processes finds out how we get in. */
TEST (secrets_stay_secret)
{
  static const char *const files[] = { "cmdline", "environ" };
  static const char password[] = "VQ-CHECK-PASSWORD";
  VqSshLogin *login = host_sshd_get_login (host);
  g_autofree char *middle = g_strndup (login->key + strlen (login->key) / 2, 20);
  g_autofree char *pid = NULL;

  g_clear_pointer (&client, vq_ssh_client_free);
  login->password = g_strdup (password);
  open_client ();
  pid = g_strdup_printf ("%d", vq_ssh_client_get_pid (client));
  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autofree char *path = g_build_filename ("/proc", pid, files[i], NULL);
      g_autofree char *text = NULL;
      gsize n;

      ck_assert (g_file_get_contents (path, &text, &n, NULL));
      ck_assert_ptr_null (memmem (text, n, middle, strlen (middle)));
      ck_assert_ptr_null (memmem (text, n, password, strlen (password)));
    }
}

TEST (socket_is_private)
{
  g_autofree char *path = g_build_filename (directory, "ssh", NULL);
  struct stat st;

  ck_assert_int_eq (stat (path, &st), 0);
  ck_assert (S_ISSOCK (st.st_mode));
  ck_assert_int_eq (st.st_mode & 077, 0);
}

/* It is told, and holds for the next one. */
TEST (host_key_is_learned)
{
  VqSshLogin *login = host_sshd_get_login (host);
  g_autofree char *key = g_steal_pointer (&login->host_key);

  g_clear_pointer (&client, vq_ssh_client_free);
  open_client ();
  ck_assert_str_eq (login->host_key, key);
  g_clear_pointer (&client, vq_ssh_client_free);
  open_client ();
  ck_assert_str_eq (login->host_key, key);
}

/* Others have their turn meanwhile. */
TEST (in_two_steps)
{
  VqSshLogin *login = host_sshd_get_login (host);
  gint64 deadline = vq_deadline_in (PATIENCE);
  g_autoptr (Job) job = NULL;

  g_clear_pointer (&client, vq_ssh_client_free);
  host_sshd_refuse (host, 1);
  client = vq_ssh_client_start (login, directory, deadline, NULL);
  ck_assert_ptr_nonnull (client);
  ck_assert (!vq_ssh_client_is_settled (client));
  ck_assert_ptr_null (vq_ssh_client_get_channel (client));
  ck_assert (vq_wait_until (vq_ssh_client_is_settled, client, deadline, NULL, "login", NULL));
  ck_assert (vq_ssh_client_wait (client, login, deadline, NULL, NULL));
  job = job_shell (vq_ssh_client_get_channel (client), "exit 7");
  job_assert_end (job, VQ_ENDED_EXITED, 7);
}

/* As one that was killed leaves it. */
TEST (old_socket)
{
  g_autofree char *path = g_build_filename (directory, "ssh", NULL);

  g_clear_pointer (&client, vq_ssh_client_free);
  ck_assert (g_file_set_contents (path, "", 0, NULL));
  open_client ();
}

TEST (freed_with_commands)
{
  g_autoptr (Job) job = job_shell (channel, "echo started; while echo x >&2; do sleep 0.1; done");

  g_free (job_first_line (job));
  g_clear_pointer (&client, vq_ssh_client_free);
  job_assert_failure (job, "the testbed was closed");
}

CASE ("seed", setup_bare, teardown_bare, 60)

TEST (a_seed)
{
  g_auto (VqSshLogin) login = { .port = 2222 };
  g_autoptr (GError) error = NULL;
  g_autofree char *path
      = vq_ssh_client_make_seed (directory, &login, vq_deadline_in (PATIENCE), NULL, &error);
  g_autofree char *key_path = g_build_filename (directory, "ssh-key", NULL);
  g_autofree char *key = NULL;
  g_auto (ssh_key) parsed = NULL;
  g_auto (ssh_key) host_key = NULL;
  struct stat st;

  ck_assert_msg (path != NULL, "%s", error != NULL ? error->message : "");
  ck_assert_int_eq (stat (path, &st), 0);
  ck_assert_int_gt (st.st_size, 17 * 2048);
  ck_assert (g_file_get_contents (key_path, &key, NULL, NULL));
  ck_assert_str_eq (login.key, key);
  ck_assert_str_eq (login.user, "root");
  ck_assert_uint_eq (login.port, 2222);
  parsed = vq_ssh_key_parse_private (login.key, NULL);
  host_key = vq_ssh_key_parse_public (login.host_key, NULL);
  ck_assert (parsed != NULL && host_key != NULL);
  ck_assert_ptr_null (strchr (login.host_key, '\n'));
}

TEST (no_seed)
{
  g_auto (VqSshLogin) login = { .port = 2222 };
  g_autofree char *none = g_build_filename (directory, "none", NULL);
  g_autoptr (GError) error = NULL;

  ck_assert_ptr_null (
      vq_ssh_client_make_seed (none, &login, vq_deadline_in (PATIENCE), NULL, &error));
  ck_assert_msg (g_str_has_prefix (error->message, "virt-qemu-ssh: "), "%s", error->message);
  ck_assert_msg (strstr (error->message, none) != NULL, "%s", error->message);
  ck_assert_ptr_null (login.user);
}
