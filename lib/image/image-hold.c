// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/image-hold.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "io/use-lock.h"

#define PREFIX "sha256-"
#define DIGITS 64
#define FLAGS (O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)

/* A file of users that is larger makes no sense. */
#define USERS_MAX (16 * 1024 * 1024)

gboolean
vq_image_hold_is_for (const char *name)
{
  const gsize n = strlen (PREFIX);

  return g_str_has_prefix (name, PREFIX) && strspn (name + n, "0123456789abcdef") == DIGITS
         && name[n + DIGITS] == '.' && strchr (name, '/') == NULL
         && !g_str_has_suffix (name, VQ_IMAGE_HOLD_SUFFIX);
}

/* The lock's path; NULL if PATH is no such image. Transfer full. */
static char *
get_lock (const char *path)
{
  g_autofree char *name = g_path_get_basename (path);

  return vq_image_hold_is_for (name) ? g_strconcat (path, VQ_IMAGE_HOLD_SUFFIX, NULL) : NULL;
}

/* Whether both files are still there: they may have been removed before we had the lock. */
static gboolean
is_current (const char *path, const char *lock, int fd)
{
  struct stat ours, there;

  return fstat (fd, &ours) == 0 && stat (lock, &there) == 0 && ours.st_ino == there.st_ino
         && ours.st_dev == there.st_dev && access (path, F_OK) == 0;
}

static gboolean
set_removed (const char *path, GError **error)
{
  return vq_error_set (error, VQ_ERROR_BUSY, "%s is being removed by another process", path);
}

/* A copy of an image elsewhere has no lock beside it, and needs none. */
gboolean
vq_image_hold_take (const char *path, int *fd, GError **error)
{
  g_autofree char *name = get_lock (path);
  vq_autofd int lock = name != NULL ? open (name, FLAGS) : -1;
  gboolean taken;

  *fd = -1;
  if (lock < 0)
    return TRUE;
  if (!vq_use_lock_take (lock, VQ_USE_SHARED, &taken, error))
    return FALSE;
  if (!taken || !is_current (path, name, lock))
    return set_removed (path, error);
  futimens (lock, NULL);
  *fd = g_steal_fd (&lock);
  return TRUE;
}

/* The users in the file FD. Transfer full. */
static char **
read_users (int fd)
{
  struct stat st;
  g_autofree char *text = NULL;

  if (fstat (fd, &st) != 0 || st.st_size > USERS_MAX)
    return g_new0 (char *, 1);
  text = g_malloc0 (st.st_size + 1);
  return pread (fd, text, st.st_size, 0) == st.st_size ? g_strsplit (text, "\n", -1)
                                                       : g_new0 (char *, 1);
}

void
vq_image_hold_note (const char *path, const char *user)
{
  g_autofree char *name = get_lock (path);
  vq_autofd int fd = name != NULL ? open (name, FLAGS | O_APPEND) : -1;
  g_auto (GStrv) users = fd >= 0 ? read_users (fd) : NULL;
  g_autofree char *line = g_strconcat (user, "\n", NULL);

  if (fd < 0 || g_strv_contains ((const char *const *)users, user) || strchr (user, '\n') != NULL)
    return;
  if (!vq_fd_write_all (fd, line, strlen (line)))
    g_warning ("cannot note that %s needs %s: %s", user, path, g_strerror (errno));
}

/* The first of the users in FD that exists, or NULL. Transfer full. */
static char *
find_user (int fd)
{
  g_auto (GStrv) users = read_users (fd);

  for (char **user = users; *user != NULL; user++)
    if (**user != '\0' && (access (*user, F_OK) == 0 || errno != ENOENT))
      return g_strdup (*user);
  return NULL;
}

/* QEMU has locks of its own on images: so one that somebody has started by hand counts, too. */
static gboolean
is_locked_by_qemu (const char *path)
{
  vq_autofd int fd = open (path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

  return fd >= 0 && vq_use_lock_is_held (fd);
}

gboolean
vq_image_hold_is_used (const char *path, char **user)
{
  g_autofree char *name = g_strconcat (path, VQ_IMAGE_HOLD_SUFFIX, NULL);
  vq_autofd int lock = open (name, FLAGS);

  *user = lock >= 0 ? find_user (lock) : NULL;
  return *user != NULL || (lock >= 0 && vq_use_lock_is_held (lock)) || is_locked_by_qemu (path);
}

/* It asks before it locks, because somebody who begins to use the image then would fail. */
gboolean
vq_image_hold_take_alone (const char *path, int *fd, char **user, GError **error)
{
  g_autofree char *name = g_strconcat (path, VQ_IMAGE_HOLD_SUFFIX, NULL);
  vq_autofd int lock = open (name, FLAGS | O_CREAT, 0600);
  gboolean taken;

  *fd = -1;
  *user = NULL;
  if (lock < 0)
    return vq_error_set_errno (error, errno, "cannot open %s", name);
  if (vq_image_hold_is_used (path, user))
    return TRUE;
  if (!vq_use_lock_take (lock, VQ_USE_EXCLUSIVE, &taken, error))
    return FALSE;
  *user = taken ? find_user (lock) : NULL;
  if (!taken || *user != NULL)
    return TRUE;
  if (!is_current (path, name, lock))
    return set_removed (path, error);
  *fd = g_steal_fd (&lock);
  return TRUE;
}
