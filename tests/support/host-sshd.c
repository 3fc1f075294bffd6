// SPDX-License-Identifier: GPL-2.0-or-later
#include "host-sshd.h"

#include <check.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/child.h"
#include "ssh/ssh-key.h"

#define PATIENCE 100 /* seconds */
#define SSHD "/usr/sbin/sshd"
#define PRIVSEP_DIRECTORY "/run/sshd" /* must exist if it runs as root */

struct _HostSshd
{
  char *directory;
  char *config; /* its path */
  VqSshLogin login;
  int listener;
  guint listener_id;
  VqChild *daemon; /* the sshd that listens itself; NULL: there is none */
  GArray *pids;    /* of GPid; 0: not started */
  GArray *fds;     /* of int: connections that nobody answers */
  guint refused, ignored;
  const char *text;
};

static char *
path_of (HostSshd *host, const char *name)
{
  return g_build_filename (host->directory, name, NULL);
}

static void
write_file (HostSshd *host, const char *name, const char *text, int mode)
{
  g_autofree char *path = path_of (host, name);

  ck_assert (g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_NONE, mode, NULL));
}

static void
make_keys (HostSshd *host)
{
  g_autofree char *host_key = NULL;
  g_autofree char *public = NULL;

  ck_assert (vq_ssh_key_generate (&host_key, &host->login.host_key, NULL));
  ck_assert (vq_ssh_key_generate (&host->login.key, &public, NULL));
  write_file (host, "host_key", host_key, 0600);
  write_file (host, "authorized_keys", public, 0600);
}

/* With a SHLVL, bash does not read what this machine has in ~/.bashrc. */
static void
make_config (HostSshd *host, const char *first)
{
  const char *d = host->directory;
  g_autofree char *text = g_strdup_printf (
      "%s\nHostKey %s/host_key\nAuthorizedKeysFile %s/authorized_keys\nUsePAM no\nStrictModes no\n"
      "PidFile none\nPermitRootLogin yes\nPasswordAuthentication yes\n"
      "KbdInteractiveAuthentication no\nPrintMotd no\n"
      "SetEnv LANG=C.UTF-8 LC_TIME=C VQ_CHECK=seen SHLVL=5 PATH=%s/bin:/usr/bin:/bin\n",
      first != NULL ? first : "", d, d, d);

  write_file (host, "config", text, 0600);
}

/* It gets nothing but "-n" and the command. */
static void
make_sudo (HostSshd *host)
{
  g_autofree char *bin = path_of (host, "bin");

  ck_assert_int_eq (g_mkdir (bin, 0755), 0);
  write_file (host, "bin/sudo", "#!/bin/sh\n[ \"$1\" = -n ] || exit 1\nshift\nexec \"$@\"\n", 0755);
}

/* Whoever runs it. The shell of a child is not closed by the exec, but by it. */
static void
spawn_sshd (HostSshd *host, int fd)
{
  g_autofree char *log = path_of (host, "log");
  const char *const argv[] = { SSHD, "-i", "-f", host->config, "-E", log, NULL };
  g_autoptr (GError) error = NULL;
  GPid pid = 0;
  int null = open ("/dev/null", O_WRONLY | O_CLOEXEC);

  ck_assert_msg (g_spawn_async_with_fds (NULL, (char **)argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL,
                                         NULL, &pid, fd, fd, null, &error),
                 "%s (is openssh-server installed?)", error != NULL ? error->message : "");
  close (null);
  g_array_append_val (host->pids, pid);
}

/* Until the other side goes away. */
static void
spawn_babbler (HostSshd *host, int fd)
{
  const char *const argv[] = { "yes", host->text, NULL };
  GPid pid = 0;
  int null = open ("/dev/null", O_RDWR | O_CLOEXEC);

  ck_assert (g_spawn_async_with_fds (NULL, (char **)argv, NULL,
                                     G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_SEARCH_PATH, NULL, NULL,
                                     &pid, null, fd, null, NULL));
  close (null);
  g_array_append_val (host->pids, pid);
}

static gboolean
on_connection (int listener, GIOCondition events, gpointer data)
{
  HostSshd *host = data;
  int fd = accept4 (listener, NULL, NULL, SOCK_CLOEXEC);
  GPid none = 0;

  ck_assert_int_ge (fd, 0);
  if (host->refused + host->ignored > 0)
    g_array_append_val (host->pids, none);
  if (host->refused > 0)
    host->refused--;
  else if (host->ignored > 0)
    {
      host->ignored--;
      g_array_append_val (host->fds, fd);
      return G_SOURCE_CONTINUE;
    }
  else if (host->text != NULL)
    spawn_babbler (host, fd);
  else
    spawn_sshd (host, fd);
  close (fd);
  return G_SOURCE_CONTINUE;
}

static void
start_to_listen (HostSshd *host)
{
  struct sockaddr_in address
      = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t length = sizeof address;

  host->listener = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ck_assert_int_eq (bind (host->listener, (struct sockaddr *)&address, sizeof address), 0);
  ck_assert_int_eq (listen (host->listener, 64), 0);
  ck_assert_int_eq (getsockname (host->listener, (struct sockaddr *)&address, &length), 0);
  host->login.port = ntohs (address.sin_port);
  host->listener_id = g_unix_fd_add (host->listener, G_IO_IN, on_connection, host);
}

HostSshd *
host_sshd_new (const char *config)
{
  HostSshd *host = g_new0 (HostSshd, 1);

  if (getuid () == 0)
    ck_assert_int_eq (g_mkdir_with_parents (PRIVSEP_DIRECTORY, 0755), 0);
  host->directory = g_dir_make_tmp ("vq-sshd-XXXXXX", NULL);
  ck_assert_ptr_nonnull (host->directory);
  ck_assert_int_eq (g_chmod (host->directory, 0755), 0);
  host->config = path_of (host, "config");
  host->login.user = g_strdup (g_get_user_name ());
  host->pids = g_array_new (FALSE, FALSE, sizeof (GPid));
  host->fds = g_array_new (FALSE, FALSE, sizeof (int));
  make_keys (host);
  make_config (host, config);
  make_sudo (host);
  start_to_listen (host);
  return host;
}

static void
stop_to_listen (HostSshd *host)
{
  g_clear_handle_id (&host->listener_id, g_source_remove);
  if (host->listener >= 0)
    close (host->listener);
  host->listener = -1;
}

void
host_sshd_listen (HostSshd *host)
{
  g_autofree char *log = path_of (host, "log");
  g_autofree char *port = g_strdup_printf ("%u", host->login.port);
  const char *const argv[]
      = { SSHD, "-D", "-f", host->config, "-E", log, "-p", port, "-o", "ListenAddress=127.0.0.1",
          NULL };

  stop_to_listen (host);
  host->daemon = vq_child_spawn (argv, NULL, NULL);
  ck_assert_ptr_nonnull (host->daemon);
}

char *
host_sshd_read_log (HostSshd *host)
{
  g_autofree char *path = path_of (host, "log");
  char *text = NULL;

  ck_assert (g_file_get_contents (path, &text, NULL, NULL));
  return text;
}

/* An sshd that has just been started may still make its log: not in a directory that has another
 * name now. */
static void
remove_tree (const char *path)
{
  g_autofree char *gone = g_strconcat (path, ".gone", NULL);
  const char *const argv[] = { "rm", "-rf", gone, NULL };

  ck_assert_int_eq (g_rename (path, gone), 0);
  ck_assert (vq_child_run (argv, NULL, NULL, vq_deadline_in (PATIENCE), NULL, NULL));
}

void
host_sshd_free (HostSshd *host)
{
  if (host == NULL)
    return;
  stop_to_listen (host);
  vq_child_free (host->daemon);
  for (guint i = 0; i < host->fds->len; i++)
    close (g_array_index (host->fds, int, i));
  g_array_unref (host->pids);
  g_array_unref (host->fds);
  remove_tree (host->directory);
  vq_ssh_login_clear (&host->login);
  g_free (host->directory);
  g_free (host->config);
  g_free (host);
}

VqSshLogin *
host_sshd_get_login (HostSshd *host)
{
  return &host->login;
}

void
host_sshd_refuse (HostSshd *host, guint n)
{
  host->refused = n;
}

void
host_sshd_ignore (HostSshd *host, guint n)
{
  host->ignored = n;
}

void
host_sshd_babble (HostSshd *host, const char *text)
{
  host->text = text;
}

guint
host_sshd_count (HostSshd *host)
{
  return host->pids->len;
}

static gboolean
is_sshd (const char *pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%s/comm", pid);
  g_autofree char *name = NULL;

  return g_file_get_contents (path, &name, NULL, NULL) && g_str_has_prefix (name, "sshd");
}

/* For anybody but root there is a second process, which runs the commands. */
void
host_sshd_kill (HostSshd *host, guint number)
{
  GPid pid = g_array_index (host->pids, GPid, number);
  g_autofree char *path = g_strdup_printf ("/proc/%d/task/%d/children", pid, pid);
  g_autofree char *text = NULL;
  g_auto (GStrv) children = NULL;

  ck_assert (g_file_get_contents (path, &text, NULL, NULL));
  children = g_strsplit (text, " ", -1);
  ck_assert_int_eq (kill (pid, SIGKILL), 0);
  for (char **child = children; *child != NULL; child++)
    if (is_sshd (*child))
      kill (atoi (*child), SIGKILL);
}

const char *
host_sshd_get_directory (HostSshd *host)
{
  return host->directory;
}
