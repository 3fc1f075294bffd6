// SPDX-License-Identifier: GPL-2.0-or-later
#include "io/private-dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"

#define OTHERS_WRITE (S_IWGRP | S_IWOTH)
#define OTHERS (S_IRWXG | S_IRWXO)
#define DIRECTORY_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

struct _VqPrivateDir
{
  char *path;
  int fd; /* owned */
};

/* FORBIDDEN are permissions that it must not have. */
static gboolean
check_owner (const struct stat *st, mode_t forbidden, const char *path, GError **error)
{
  if (st->st_uid != geteuid ())
    return vq_error_set (error, VQ_ERROR_FAILED, "%s belongs to another user (UID %u)", path,
                         (guint)st->st_uid);
  if ((st->st_mode & forbidden) == 0)
    return TRUE;
  if ((st->st_mode & S_ISVTX) != 0) /* /tmp, or one like it */
    return vq_error_set (error, VQ_ERROR_FAILED,
                         "%s is open to other users: give a directory of your own in it", path);
  return vq_error_set (error, VQ_ERROR_FAILED, "%s is open to other users: run chmod go%s %s", path,
                       forbidden == OTHERS ? "=" : "-w", path);
}

/* Takes over PATH and FD. */
static VqPrivateDir *
dir_new (char *path, int fd)
{
  VqPrivateDir *dir = g_new0 (VqPrivateDir, 1);

  dir->path = path;
  dir->fd = fd;
  return dir;
}

/* Returns DIR if it is private; otherwise frees it and fails. DIR may be NULL. */
static VqPrivateDir *
check_dir (VqPrivateDir *dir, mode_t forbidden, GError **error)
{
  struct stat st;
  gboolean good;

  if (dir == NULL)
    return NULL;
  good = fstat (dir->fd, &st) == 0
             ? check_owner (&st, forbidden, dir->path, error)
             : vq_error_set_errno (error, errno, "cannot look at %s", dir->path);
  if (!good)
    g_clear_pointer (&dir, vq_private_dir_free);
  return dir;
}

/* Fails if another user could rename or replace what is in PATH. In a sticky directory, such as
 * /tmp, only the owner of a file can do that. */
static gboolean
check_above (const char *path, GError **error)
{
  struct stat st;

  if (stat (path, &st) != 0)
    return vq_error_set_errno (error, errno, "cannot look at %s", path);
  if (st.st_uid != 0 && st.st_uid != geteuid ())
    return vq_error_set (error, VQ_ERROR_FAILED,
                         "%s belongs to another user (UID %u), who could replace what is below it: "
                         "use a directory elsewhere",
                         path, (guint)st.st_uid);
  if ((st.st_mode & OTHERS_WRITE) != 0 && (st.st_mode & S_ISVTX) == 0)
    return vq_error_set (error, VQ_ERROR_FAILED,
                         "%s is open to other users, who could replace what is below it: run "
                         "chmod go-w %s, or use a directory elsewhere",
                         path, path);
  return TRUE;
}

/* Checks all directories above the directory REAL, whose path has no symbolic links. */
static gboolean
check_all_above (const char *real, GError **error)
{
  g_autofree char *path = g_strdup (real);

  for (char *slash = strrchr (path, '/'); slash != NULL; slash = strrchr (path, '/'))
    {
      *slash = '\0';
      if (!check_above (slash == path ? "/" : path, error))
        return FALSE;
    }
  return TRUE;
}

/* The nearest directory at or above PATH that exists, without symbolic links. Transfer full. */
static char *
find_existing (const char *path, GError **error)
{
  g_autofree char *above = NULL;
  char *real = realpath (path, NULL);

  if (real != NULL)
    return real;
  if (errno != ENOENT)
    return vq_error_set_errno (error, errno, "cannot open the directory %s", path), NULL;
  above = g_path_get_dirname (path);
  return find_existing (above, error);
}

/* Nothing is made where another user could replace it, also if we may, as root. */
static gboolean
make_directories (const char *path, GError **error)
{
  g_autofree char *existing = NULL;

  if (access (path, F_OK) == 0)
    return TRUE;
  existing = find_existing (path, error);
  if (existing == NULL || !check_above (existing, error) || !check_all_above (existing, error))
    return FALSE;
  return g_mkdir_with_parents (path, 0700) == 0
         || vq_error_set_errno (error, errno, "cannot make the directory %s", path);
}

VqPrivateDir *
vq_private_dir_open (const char *path, VqPrivateDirHow how, GError **error)
{
  VqPrivateDir *dir;
  char *real;
  int fd;

  if (how == VQ_PRIVATE_DIR_CREATE && !make_directories (path, error))
    return NULL;
  real = realpath (path, NULL);
  fd = real != NULL ? open (real, DIRECTORY_FLAGS) : -1;
  if (fd >= 0)
    {
      dir = check_dir (dir_new (real, fd), OTHERS_WRITE, error);
      if (dir != NULL && !check_all_above (dir->path, error))
        g_clear_pointer (&dir, vq_private_dir_free);
      return dir;
    }
  vq_error_set_errno (error, errno, "cannot open the directory %s", path);
  g_free (real);
  return NULL;
}

VqPrivateDir *
vq_private_dir_open_child_anyhow (VqPrivateDir *parent, const char *name, GError **error)
{
  g_autofree char *path = vq_private_dir_join (parent, name);
  int fd = openat (parent->fd, name, DIRECTORY_FLAGS);

  if (fd >= 0)
    return dir_new (g_steal_pointer (&path), fd);
  if (errno == ENOENT)
    vq_error_set (error, VQ_ERROR_MISSING, "cannot open the directory %s: %s", path,
                  g_strerror (errno));
  else
    vq_error_set_errno (error, errno, "cannot open the directory %s", path);
  return NULL;
}

VqPrivateDir *
vq_private_dir_open_child (VqPrivateDir *parent, const char *name, GError **error)
{
  return check_dir (vq_private_dir_open_child_anyhow (parent, name, error), OTHERS, error);
}

VqPrivateDir *
vq_private_dir_make_child (VqPrivateDir *parent, const char *name, GError **error)
{
  if (mkdirat (parent->fd, name, 0700) == 0)
    return vq_private_dir_open_child (parent, name, error);
  vq_error_set_errno (error, errno, "cannot make the directory %s/%s", parent->path, name);
  return NULL;
}

void
vq_private_dir_free (VqPrivateDir *dir)
{
  if (dir == NULL)
    return;
  close (dir->fd);
  g_free (dir->path);
  g_free (dir);
}

int
vq_private_dir_get_fd (VqPrivateDir *dir)
{
  return dir->fd;
}

const char *
vq_private_dir_get_path (VqPrivateDir *dir)
{
  return dir->path;
}

char *
vq_private_dir_join (VqPrivateDir *dir, const char *name)
{
  return g_build_filename (dir->path, name, NULL);
}

gboolean
vq_private_dir_is_current (VqPrivateDir *dir)
{
  struct stat ours, there;

  return fstat (dir->fd, &ours) == 0 && lstat (dir->path, &there) == 0
         && ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

static int
compare_names (const void *a, const void *b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

/* The names in the open directory FD, or NULL with errno set. */
static GPtrArray *
read_names (int fd)
{
  /* Opened again, because a copy of FD would share its position in the directory. */
  vq_autofd int own = openat (fd, ".", DIRECTORY_FLAGS);
  DIR *stream = own >= 0 ? fdopendir (own) : NULL;
  GPtrArray *names;

  if (stream == NULL)
    return NULL;
  own = -1; /* the stream's */
  names = g_ptr_array_new_with_free_func (g_free);
  for (struct dirent *entry = readdir (stream); entry != NULL; entry = readdir (stream))
    if (strcmp (entry->d_name, ".") != 0 && strcmp (entry->d_name, "..") != 0)
      g_ptr_array_add (names, g_strdup (entry->d_name));
  closedir (stream);
  return names;
}

char **
vq_private_dir_list (VqPrivateDir *dir, GError **error)
{
  g_autoptr (GPtrArray) names = read_names (dir->fd);

  if (names == NULL)
    {
      vq_error_set_errno (error, errno, "cannot read the directory %s", dir->path);
      return NULL;
    }
  g_ptr_array_sort (names, compare_names);
  g_ptr_array_set_free_func (names, NULL);
  g_ptr_array_add (names, NULL);
  return (char **)g_ptr_array_free (g_steal_pointer (&names), FALSE);
}

guint64
vq_private_dir_get_allocated (VqPrivateDir *dir)
{
  g_autoptr (GPtrArray) names = read_names (dir->fd);
  guint64 sum = 0;
  struct stat st;

  for (guint i = 0; names != NULL && i < names->len; i++)
    if (fstatat (dir->fd, names->pdata[i], &st, AT_SYMLINK_NOFOLLOW) == 0)
      sum += (guint64)st.st_blocks * 512; /* st_blocks always counts units of 512 bytes */
  return sum;
}

static gboolean
check_file (VqPrivateDir *dir, const char *name, const struct stat *st, GError **error)
{
  g_autofree char *path = vq_private_dir_join (dir, name);

  if (!S_ISREG (st->st_mode))
    return vq_error_set (error, VQ_ERROR_FAILED, "%s is not a plain file", path);
  return check_owner (st, OTHERS, path, error);
}

gboolean
vq_private_dir_stat (VqPrivateDir *dir, const char *name, struct stat *st, GError **error)
{
  if (fstatat (dir->fd, name, st, AT_SYMLINK_NOFOLLOW) < 0)
    return vq_error_set_errno (error, errno, "cannot look at %s/%s", dir->path, name);
  return check_file (dir, name, st, error);
}

int
vq_private_dir_open_file (VqPrivateDir *dir, const char *name, int flags, GError **error)
{
  /* O_NONBLOCK, because somebody may have replaced the file by a FIFO. */
  vq_autofd int fd
      = openat (dir->fd, name, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0600);
  struct stat st;

  if (fd < 0)
    return vq_error_set_errno (error, errno, "cannot open %s/%s", dir->path, name), -1;
  if (fstat (fd, &st) == 0 && check_file (dir, name, &st, error))
    return g_steal_fd (&fd);
  return -1;
}

/* Reads up to SIZE bytes. Returns -1 on failure. */
static gssize
read_all (int fd, char *bytes, gsize size)
{
  gsize done = 0;
  gssize n = 1;

  while (done < size && n != 0)
    {
      n = read (fd, bytes + done, size - done);
      if (n < 0 && errno != EINTR)
        return -1;
      done += MAX (n, 0);
    }
  return done;
}

char *
vq_private_dir_read (VqPrivateDir *dir, const char *name, gsize max, gsize *length, GError **error)
{
  vq_autofd int fd = vq_private_dir_open_file (dir, name, O_RDONLY, error);
  g_autofree char *bytes = NULL;
  gssize n;

  if (fd < 0)
    return NULL;
  bytes = g_malloc (max + 1);
  n = read_all (fd, bytes, max + 1);
  if (n < 0)
    vq_error_set_errno (error, errno, "cannot read %s/%s", dir->path, name);
  else if ((gsize)n > max)
    vq_error_set (error, VQ_ERROR_FAILED, "%s/%s is longer than %zu bytes", dir->path, name, max);
  if (n < 0 || (gsize)n > max)
    return NULL;
  bytes[n] = '\0';
  *length = n;
  return g_steal_pointer (&bytes);
}

gboolean
vq_private_dir_write (VqPrivateDir *dir, const char *name, const char *text, GError **error)
{
  vq_autofd int fd = vq_private_dir_open_file (dir, name, O_WRONLY | O_CREAT | O_EXCL, error);

  if (fd < 0)
    return FALSE;
  /* Some file systems tell of a full disk only when the file is closed. */
  if (vq_fd_write_all (fd, text, strlen (text)) && close (g_steal_fd (&fd)) == 0)
    return TRUE;
  vq_error_set_errno (error, errno, "cannot write %s/%s", dir->path, name);
  unlinkat (dir->fd, name, 0);
  return FALSE;
}

gboolean
vq_private_dir_rename (VqPrivateDir *dir, VqPrivateDir *parent, const char *name, GError **error)
{
  g_autofree char *path = vq_private_dir_join (parent, name);
  g_autofree char *old = g_path_get_basename (dir->path);

  if (renameat (parent->fd, old, parent->fd, name) < 0)
    return vq_error_set_errno (error, errno, "cannot rename %s to %s", dir->path, path);
  g_free (dir->path);
  dir->path = g_steal_pointer (&path);
  return TRUE;
}

/* LAST is removed only when everything else is gone. Returns FALSE with errno set if something
 * could not be removed. */
static gboolean
remove_files (int fd, const char *last)
{
  g_autoptr (GPtrArray) names = read_names (fd);

  if (names == NULL)
    return FALSE;
  for (guint i = 0; i < names->len; i++)
    if (g_strcmp0 (names->pdata[i], last) != 0 && unlinkat (fd, names->pdata[i], 0) < 0
        && errno != ENOENT)
      return FALSE;
  return last == NULL || unlinkat (fd, last, 0) == 0 || errno == ENOENT;
}

gboolean
vq_private_dir_remove_child (VqPrivateDir *parent, const char *name, const char *last,
                             GError **error)
{
  vq_autofd int fd = openat (parent->fd, name, DIRECTORY_FLAGS);

  if ((fd >= 0 && remove_files (fd, last) && unlinkat (parent->fd, name, AT_REMOVEDIR) == 0)
      || errno == ENOENT)
    return TRUE;
  return vq_error_set_errno (error, errno, "cannot remove %s/%s", parent->path, name);
}
