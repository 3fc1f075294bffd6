// SPDX-License-Identifier: GPL-2.0-or-later
#include "ssh-setup.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host-agent.h"
#include "leaks.h"
#include "ssh/ssh-channel.h"

HostSshd *host;
VqChannel *channel;

void
open_channel (const char *config)
{
  host = host_sshd_new (config);
  channel = vq_ssh_channel_new (host_sshd_get_login (host), vq_deadline_in (PATIENCE));
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
  g_clear_pointer (&host, host_sshd_free);
  host_agent_assert_no_orphans ();
  leaks_assert_none ();
}

gboolean
is_gone (gpointer data)
{
  pid_t pid = *(pid_t *)data;

  waitpid (pid, NULL, WNOHANG); /* a dead orphan is ours to reap */
  return kill (pid, 0) < 0 && errno == ESRCH;
}

static char *
read_proc (const char *name)
{
  g_autofree char *path = g_build_filename ("/proc", name, NULL);
  char *text = NULL;

  return g_file_get_contents (path, &text, NULL, NULL) ? text : g_strdup ("");
}

pid_t
find_program (pid_t parent)
{
  g_autofree char *name = g_strdup_printf ("%d/task/%d/children", parent, parent);
  g_autofree char *text = read_proc (name);
  g_auto (GStrv) children = g_strsplit (text, " ", -1);
  pid_t found = 0;

  for (char **child = children; *child != NULL; child++)
    {
      g_autofree char *file = g_build_filename (*child, "comm", NULL);
      g_autofree char *comm = read_proc (file);

      if (!g_str_has_prefix (comm, "virt-qemu-ssh"))
        continue;
      ck_assert_int_eq (found, 0);
      found = atoi (*child);
    }
  ck_assert_int_gt (found, 1);
  return found;
}

gulong
get_peak (pid_t pid)
{
  g_autofree char *name = g_strdup_printf ("%d/status", pid);
  g_autofree char *text = read_proc (name);
  const char *line = strstr (text, "VmHWM:");

  ck_assert_ptr_nonnull (line);
#ifdef __SANITIZE_ADDRESS__
  return 0;
#else
  return strtoul (line + strlen ("VmHWM:"), NULL, 10);
#endif
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
