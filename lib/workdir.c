// SPDX-License-Identifier: GPL-2.0-or-later
#include "workdir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "error.h"

/* The longest socket name in the directory, with the slash before it. */
#define LONGEST_NAME 12

struct _VqWorkdir
{
  char *path;
  int alive_fd; /* the janitor reads the other end: it sees the end of file when we are gone */
  pid_t janitor;
};

/* The directory is flat: QEMU and we only put plain files and sockets into it. Called in the
 * janitor too, so it keeps to calls that are safe after fork. */
static void
remove_flat (const char *path)
{
  DIR *dir = opendir (path);
  struct dirent *entry;

  while (dir != NULL && (entry = readdir (dir)) != NULL)
    if (strcmp (entry->d_name, ".") != 0 && strcmp (entry->d_name, "..") != 0)
      unlinkat (dirfd (dir), entry->d_name, 0);
  if (dir != NULL)
    closedir (dir);
  rmdir (path);
}

/* Outlives whatever kills us: its own session, and no signal but SIGKILL ends it early. */
static void G_GNUC_NORETURN
run_janitor (const char *path, int fd)
{
  char byte;
  sigset_t all;

  setsid ();
  sigfillset (&all);
  sigprocmask (SIG_SETMASK, &all, NULL);
  prctl (PR_SET_NAME, "virt-qemu-clean");
  dup2 (fd, 0);
  close_range (1, ~0U, 0);
  while (read (0, &byte, 1) < 0 && errno == EINTR)
    ;
  remove_flat (path);
  _exit (0);
}

static gboolean
start_janitor (VqWorkdir *workdir, GError **error)
{
  int fds[2];

  if (pipe2 (fds, O_CLOEXEC) < 0)
    return vq_set_errno (error, errno, "cannot make a pipe");
  workdir->janitor = fork ();
  if (workdir->janitor == 0)
    {
      close (fds[1]);
      run_janitor (workdir->path, fds[0]);
    }
  close (fds[0]);
  workdir->alive_fd = fds[1];
  if (workdir->janitor < 0)
    return vq_set_errno (error, errno, "cannot fork");
  return TRUE;
}

static gboolean
check_length (const char *path, GError **error)
{
  struct sockaddr_un address;

  if (strlen (path) + LONGEST_NAME < sizeof address.sun_path)
    return TRUE;
  return vq_set_error (error, VQ_ERROR_FAILED,
                       "%s is too long a path for sockets: set TMPDIR to a shorter one", path);
}

static gboolean
make_directory (VqWorkdir *workdir, const char *parent, GError **error)
{
  g_autofree char *absolute = g_canonicalize_filename (parent, NULL);

  workdir->path = g_build_filename (absolute, "virt-qemu.XXXXXX", NULL);
  if (g_mkdtemp_full (workdir->path, 0700) != NULL)
    return TRUE;
  g_clear_pointer (&workdir->path, g_free);
  return vq_set_errno (error, errno, "cannot make a directory in %s", parent);
}

VqWorkdir *
vq_workdir_new (const char *parent, GError **error)
{
  g_autoptr (VqWorkdir) workdir = g_new0 (VqWorkdir, 1);

  workdir->alive_fd = -1;
  if (!make_directory (workdir, parent != NULL ? parent : g_get_tmp_dir (), error))
    return NULL;
  if (parent == NULL && !check_length (workdir->path, error))
    return NULL;
  if (!start_janitor (workdir, error))
    return NULL;
  return g_steal_pointer (&workdir);
}

void
vq_workdir_free (VqWorkdir *workdir)
{
  if (workdir == NULL)
    return;
  if (workdir->path != NULL)
    remove_flat (workdir->path);
  if (workdir->alive_fd >= 0)
    close (workdir->alive_fd);
  if (workdir->janitor > 0)
    {
      kill (workdir->janitor, SIGKILL); /* nothing is left for it to do */
      while (waitpid (workdir->janitor, NULL, 0) < 0 && errno == EINTR)
        ;
    }
  g_free (workdir->path);
  g_free (workdir);
}

const char *
vq_workdir_get_path (VqWorkdir *workdir)
{
  return workdir->path;
}

char *
vq_workdir_join (VqWorkdir *workdir, const char *name)
{
  return g_build_filename (workdir->path, name, NULL);
}
