// SPDX-License-Identifier: GPL-2.0-or-later
#include "host-agent.h"

#include <check.h>
#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/child.h"

#define PATIENCE 20 /* seconds */

/* Longer than a runner waits for a host that does not come. */
#define ORPHAN_PATIENCE 90

struct _HostAgent
{
  char *directory;
  VqChild *child;
  VqGuestAgent *agent;
};

void
host_agent_adopt_orphans (void)
{
  if (prctl (PR_SET_CHILD_SUBREAPER, 1) < 0)
    g_error ("cannot become a subreaper");
}

/* A socket that nobody listens on yet says nothing when somebody does: it is tried again. */
static int
connect_to (const char *path, VqChild *child)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  gint64 deadline = vq_deadline_in (PATIENCE);
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  ck_assert_int_ge (fd, 0);
  ck_assert_uint_lt (g_strlcpy (address.sun_path, path, sizeof address.sun_path),
                     sizeof address.sun_path);
  while (connect (fd, (struct sockaddr *)&address, sizeof address) < 0)
    {
      ck_assert (errno == ENOENT || errno == ECONNREFUSED);
      ck_assert_msg (!vq_child_has_ended (child), "qemu-ga has ended (is it installed?)");
      ck_assert (vq_deadline_left (deadline) > 0);
      ck_assert (vq_wait_pause (5, NULL, NULL));
    }
  return fd;
}

HostAgent *
host_agent_new (void)
{
  HostAgent *host = g_new0 (HostAgent, 1);
  g_autofree char *socket_path = NULL;
  g_autofree char *pid_file = NULL;

  host->directory = g_dir_make_tmp ("vq-agent-XXXXXX", NULL);
  ck_assert_ptr_nonnull (host->directory);
  socket_path = g_build_filename (host->directory, "socket", NULL);
  pid_file = g_build_filename (host->directory, "pid", NULL);
  {
    const char *const argv[] = { "qemu-ga",       "-m", "unix-listen", "-p", socket_path, "-t",
                                 host->directory, "-f", pid_file,      NULL };

    host->child = vq_child_spawn (argv, NULL, NULL);
  }
  ck_assert_ptr_nonnull (host->child);
  host->agent = vq_guest_agent_new (connect_to (socket_path, host->child));
  vq_guest_agent_set_open (host->agent, TRUE);
  return host;
}

static void
remove_tree (const char *path)
{
  const char *const argv[] = { "rm", "-rf", path, NULL };

  ck_assert (vq_child_run (argv, NULL, NULL, vq_deadline_in (PATIENCE), NULL, NULL));
}

void
host_agent_free (HostAgent *host)
{
  if (host == NULL)
    return;
  vq_guest_agent_free (host->agent);
  vq_child_free (host->child);
  remove_tree (host->directory);
  g_free (host->directory);
  g_free (host);
}

VqGuestAgent *
host_agent_get (HostAgent *host)
{
  return host->agent;
}

GPid
host_agent_get_pid (HostAgent *host)
{
  return vq_child_get_pid (host->child);
}

const char *
host_agent_get_directory (HostAgent *host)
{
  return host->directory;
}

void
host_agent_assert_no_orphans (void)
{
  gint64 deadline = vq_deadline_in (ORPHAN_PATIENCE);
  pid_t pid;

  while ((pid = waitpid (-1, NULL, WNOHANG)) >= 0)
    {
      ck_assert_msg (vq_deadline_left (deadline) > 0, "a process is left");
      if (pid == 0)
        ck_assert (vq_wait_pause (5, NULL, NULL));
    }
  ck_assert_int_eq (errno, ECHILD);
}
