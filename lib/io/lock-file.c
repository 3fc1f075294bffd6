// SPDX-License-Identifier: GPL-2.0-or-later
/* The holder removes the file before it releases the lock. A process that waited then gets the lock
 * on a file without a name, while another process may have made a new file and locked that. So a
 * lock counts only if its file still has the name; otherwise we try again. */
#include "io/lock-file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "io/flock.h"

struct _VqLockFile
{
  VqPrivateDir *dir; /* not owned */
  char *name;
  int fd; /* owned; it holds the lock */
};

/* How long to wait for a lock that another process holds; a NULL pointer means not at all. */
typedef struct
{
  gint64 deadline;
  VqCancel *cancel;
} Patience;

static gboolean
has_name (int fd, VqPrivateDir *dir, const char *name)
{
  struct stat ours, there;

  return fstat (fd, &ours) == 0
         && fstatat (vq_private_dir_get_fd (dir), name, &there, AT_SYMLINK_NOFOLLOW) == 0
         && ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

/* Locks the file FD. *TAKEN tells whether we have it. */
static gboolean
take (int fd, const Patience *patience, gboolean *taken, GError **error)
{
  if (patience == NULL)
    return vq_flock_try (fd, VQ_FLOCK_EXCLUSIVE, taken, error);
  *taken = vq_flock_wait (fd, VQ_FLOCK_EXCLUSIVE, patience->deadline, patience->cancel, error);
  return *taken;
}

/* One attempt. *FD is -1 if another process holds the lock. *AGAIN is set if the file has lost its
 * name meanwhile. */
static gboolean
attempt (VqPrivateDir *dir, const char *name, const Patience *patience, int *fd, gboolean *again,
         GError **error)
{
  gboolean taken = FALSE;
  gboolean done;

  *again = FALSE;
  *fd = vq_private_dir_open_file (dir, name, O_RDWR | O_CREAT, error);
  if (*fd < 0)
    return FALSE;
  done = take (*fd, patience, &taken, error);
  *again = taken && !has_name (*fd, dir, name);
  if (taken && !*again)
    return TRUE;
  vq_fd_clear (fd);
  return done;
}

/* *LOCK is NULL if another process holds it and PATIENCE is NULL. */
static gboolean
acquire (VqPrivateDir *dir, const char *name, const Patience *patience, VqLockFile **lock,
         GError **error)
{
  gboolean again;
  int fd;

  *lock = NULL;
  do
    if (!attempt (dir, name, patience, &fd, &again, error))
      return FALSE;
  while (again);
  if (fd < 0)
    return TRUE;
  *lock = g_new0 (VqLockFile, 1);
  (*lock)->dir = dir;
  (*lock)->name = g_strdup (name);
  (*lock)->fd = fd;
  return TRUE;
}

gboolean
vq_lock_file_try (VqPrivateDir *dir, const char *name, VqLockFile **lock, GError **error)
{
  return acquire (dir, name, NULL, lock, error);
}

VqLockFile *
vq_lock_file_wait (VqPrivateDir *dir, const char *name, gint64 deadline, VqCancel *cancel,
                   GError **error)
{
  const Patience patience = { deadline, cancel };
  VqLockFile *lock;

  return acquire (dir, name, &patience, &lock, error) ? lock : NULL;
}

void
vq_lock_file_tell (VqLockFile *lock, const char *text)
{
  gsize length = MIN (strlen (text), sizeof ((VqLockFileSign *)NULL)->text - 1);

  if (pwrite (lock->fd, text, length, 0) == (gssize)length && ftruncate (lock->fd, length) < 0)
    g_debug ("cannot shorten the lock %s: %s", lock->name, g_strerror (errno));
  if (futimens (lock->fd, NULL) < 0)
    g_debug ("cannot set the time of the lock %s: %s", lock->name, g_strerror (errno));
}

gboolean
vq_lock_file_hear (VqPrivateDir *dir, const char *name, VqLockFileSign *sign)
{
  vq_autofd int fd = vq_private_dir_open_file (dir, name, O_RDONLY, NULL);
  struct stat st;
  gssize n;

  if (fd < 0 || fstat (fd, &st) < 0)
    return FALSE;
  n = pread (fd, sign->text, sizeof sign->text - 1, 0);
  sign->text[MAX (n, 0)] = '\0';
  sign->when = st.st_mtim.tv_sec * G_USEC_PER_SEC + st.st_mtim.tv_nsec / 1000;
  return n >= 0;
}

void
vq_lock_file_free (VqLockFile *lock)
{
  if (lock == NULL)
    return;
  if (has_name (lock->fd, lock->dir, lock->name))
    unlinkat (vq_private_dir_get_fd (lock->dir), lock->name, 0);
  close (lock->fd);
  g_free (lock->name);
  g_free (lock);
}
