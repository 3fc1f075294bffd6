// SPDX-License-Identifier: GPL-2.0-or-later
/* The file "lock" in the directory is locked (flock) from the moment that it has this name. We and
 * the janitor share the open file, and so the lock. So if another process can take the lock, both
 * of us have been killed, and the directory belongs to nobody. */
#include "io/workdir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/path.h"
#include "io/watcher.h"

/* The longest socket name in the directory, with the slash before it. */
#define LONGEST_NAME 12

#define NAME_PREFIX "virt-qemu."
#define NAME_PATTERN NAME_PREFIX "XXXXXX"
#define LOCK "lock"
#define LOCK_ASIDE ".lock"

struct _VqWorkdir
{
  char *path;
  int lock_fd;        /* -1 if this file system has no locks */
  VqWatcher *janitor; /* owned; it removes the directory, and has the lock as long as it lives */
};

/* Removes the directory NAME in PARENT (a descriptor, or AT_FDCWD). It has no subdirectories,
 * because QEMU and we put only plain files and sockets into it. The lock is removed last, so that a
 * directory that is only half removed can still be recognised. This also runs in the janitor, so it
 * uses only calls that are safe after fork. Returns FALSE if it is still there. */
static gboolean
remove_flat (int parent, const char *name)
{
  int fd = openat (parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  DIR *dir = fd >= 0 ? fdopendir (fd) : NULL;
  struct dirent *entry;

  while (dir != NULL && (entry = readdir (dir)) != NULL)
    if (strcmp (entry->d_name, ".") != 0 && strcmp (entry->d_name, "..") != 0
        && strcmp (entry->d_name, LOCK) != 0)
      unlinkat (fd, entry->d_name, 0);
  if (dir != NULL)
    {
      unlinkat (fd, LOCK, 0);
      closedir (dir);
    }
  else if (fd >= 0)
    close (fd);
  return unlinkat (parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT;
}

static void
clean_up (int lock_fd, gconstpointer path)
{
  remove_flat (AT_FDCWD, path);
}

static gboolean
check_length (const char *path, GError **error)
{
  struct sockaddr_un address;

  if (strlen (path) + LONGEST_NAME < sizeof address.sun_path)
    return TRUE;
  return vq_error_set (error, VQ_ERROR_FAILED,
                       "%s is too long a path for sockets: set TMPDIR to a shorter one", path);
}

static gboolean
make_directory (VqWorkdir *workdir, const char *parent, GError **error)
{
  g_autofree char *absolute = vq_path_make_absolute (parent, error);

  if (absolute == NULL)
    return FALSE;
  workdir->path = g_build_filename (absolute, NAME_PATTERN, NULL);
  if (g_mkdtemp_full (workdir->path, 0700) != NULL)
    return TRUE;
  g_clear_pointer (&workdir->path, g_free);
  return vq_error_set_errno (error, errno, "cannot make a directory in %s", parent);
}

/* If the lock cannot be taken, only we or the janitor can remove the directory. */
static void
lock (VqWorkdir *workdir)
{
  g_autofree char *aside = vq_workdir_join (workdir, LOCK_ASIDE);
  g_autofree char *name = vq_workdir_join (workdir, LOCK);
  vq_autofd int fd = open (aside, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

  if (fd >= 0 && flock (fd, LOCK_EX | LOCK_NB) == 0 && rename (aside, name) == 0)
    workdir->lock_fd = g_steal_fd (&fd);
}

VqWorkdir *
vq_workdir_new (const char *parent, GError **error)
{
  g_autoptr (VqWorkdir) workdir = g_new0 (VqWorkdir, 1);

  workdir->lock_fd = -1;
  if (!make_directory (workdir, parent != NULL ? parent : g_get_tmp_dir (), error))
    {
      if (parent == NULL)
        g_prefix_error (error, "set TMPDIR to another directory: ");
      return NULL;
    }
  if (parent == NULL && !check_length (workdir->path, error))
    return NULL;
  lock (workdir);
  workdir->janitor = vq_watcher_new (workdir->lock_fd, clean_up, workdir->path, error);
  if (workdir->janitor == NULL)
    return NULL;
  return g_steal_pointer (&workdir);
}

void
vq_workdir_free (VqWorkdir *workdir)
{
  if (workdir == NULL)
    return;
  /* The janitor may do better, because it has no files open. */
  if (workdir->path != NULL && !remove_flat (AT_FDCWD, workdir->path) && workdir->janitor != NULL)
    vq_watcher_run (workdir->janitor);
  vq_fd_clear (&workdir->lock_fd);
  vq_watcher_free (workdir->janitor);
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

/* Whether FD is one of our directories, and both its server and its janitor are gone. *LOCK_FD then
 * holds its lock. */
static gboolean
is_left_over (int fd, int *lock_fd)
{
  struct stat st;

  if (fstat (fd, &st) < 0 || st.st_uid != geteuid () || (st.st_mode & 07777) != 0700)
    return FALSE;
  *lock_fd = openat (fd, LOCK, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  return *lock_fd >= 0 && flock (*lock_fd, LOCK_EX | LOCK_NB) == 0;
}

static void
sweep_one (int parent, const char *name)
{
  vq_autofd int fd = openat (parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  vq_autofd int lock_fd = -1;

  if (fd < 0 || !is_left_over (fd, &lock_fd))
    return;
  g_debug ("removing %s: the server that made it has been killed", name);
  remove_flat (parent, name);
}

void
vq_workdir_sweep (const char *parent)
{
  DIR *dir = opendir (parent != NULL ? parent : g_get_tmp_dir ());
  struct dirent *entry;

  while (dir != NULL && (entry = readdir (dir)) != NULL)
    if (g_str_has_prefix (entry->d_name, NAME_PREFIX)
        && strlen (entry->d_name) == strlen (NAME_PATTERN))
      sweep_one (dirfd (dir), entry->d_name);
  if (dir != NULL)
    closedir (dir);
}
