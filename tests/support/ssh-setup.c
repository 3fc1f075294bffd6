// SPDX-License-Identifier: GPL-2.0-or-later
#include "ssh-setup.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "host-agent.h"
#include "leaks.h"
#include "ssh/ssh-channel.h"
#include "ssh/ssh-connect.h"

HostSshd *host;
VqChannel *channel;

void
open_channel (const char *config)
{
  g_autoptr (GError) error = NULL;
  VqSshSession *session;

  host = host_sshd_new (config);
  session = vq_ssh_connect (host_sshd_get_login (host), vq_deadline_in (PATIENCE), NULL, &error);
  ck_assert_msg (session != NULL, "%s", error != NULL ? error->message : "");
  channel = vq_ssh_channel_new (session, host_sshd_get_login (host), vq_deadline_in (PATIENCE),
                                NULL, &error);
  ck_assert_msg (channel != NULL, "%s", error != NULL ? error->message : "");
}

void
setup_bare (void)
{
  signal (SIGPIPE, SIG_IGN);
  host_agent_adopt_orphans (); /* each test, which may be a process of its own */
  leaks_begin ();
}

void
setup (void)
{
  setup_bare ();
  open_channel (NULL);
}

void
teardown (void)
{
  g_clear_pointer (&channel, vq_channel_free);
  host_agent_assert_no_orphans ();
  g_clear_pointer (&host, host_sshd_free);
  leaks_assert_none ();
}

gboolean
is_gone (gpointer data)
{
  return kill (*(pid_t *)data, 0) < 0 && errno == ESRCH;
}

void
make_pipe (int ends[2])
{
  ck_assert_int_eq (pipe2 (ends, O_CLOEXEC), 0);
}

guint8 *
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

void
go_through_cat (gsize size)
{
  static const char *const argv[] = { "cat", NULL };
  g_autofree guint8 *bytes = random_bytes (size);
  g_autoptr (Job) job = job_start (channel, argv, bytes, size);
  g_autoptr (GBytes) got = NULL;

  job_assert_end (job, VQ_ENDED_EXITED, 0);
  got = job_read_file (job->out);
  ck_assert_uint_eq (g_bytes_get_size (got), size);
  if (size > 0)
    ck_assert_int_eq (memcmp (g_bytes_get_data (got, NULL), bytes, size), 0);
  job_assert_text (job->err, "");
}
