// SPDX-License-Identifier: GPL-2.0-or-later
#include "copy/tree-writer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OPEN_DIRECTORY (O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* A directory that has not got its mode yet. */
typedef struct
{
  gsize len; /* of its name */
  mode_t mode;
  time_t mtime;
  gboolean is_new;
} Pending;

struct _VqTreeWriter
{
  int top;           /* owned */
  int parent;        /* owned: the directory PARENT_NAME; -1: none */
  char *parent_name; /* owned */
  GArray *pending;   /* of Pending: each is below the one before */
  GString *deepest;  /* the name of the last one, and so the beginning of it of all others */
  mode_t umask;
};

VqTreeWriter *
vq_tree_writer_new (const char *directory)
{
  int top = open (directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
  VqTreeWriter *writer;

  if (top < 0)
    return NULL;
  writer = g_new0 (VqTreeWriter, 1);
  writer->top = top;
  writer->parent = -1;
  writer->pending = g_array_new (FALSE, FALSE, sizeof (Pending));
  writer->deepest = g_string_new (NULL);
  writer->umask = umask (0);
  umask (writer->umask);
  return writer;
}

static void
forget_parent (VqTreeWriter *writer)
{
  if (writer->parent >= 0)
    close (writer->parent);
  writer->parent = -1;
  g_clear_pointer (&writer->parent_name, g_free);
}

void
vq_tree_writer_free (VqTreeWriter *writer)
{
  if (writer == NULL)
    return;
  if (!vq_tree_writer_end (writer))
    g_debug ("a directory does not get its mode: %s", g_strerror (errno));
  forget_parent (writer);
  close (writer->top);
  g_array_unref (writer->pending);
  g_string_free (writer->deepest, TRUE);
  g_free (writer);
}

/* Removes what is there under BASE in the directory DIR. */
static gboolean
remove_name (int dir, const char *base)
{
  if (unlinkat (dir, base, 0) == 0)
    return TRUE;
  return errno == EISDIR && unlinkat (dir, base, AT_REMOVEDIR) == 0;
}

/* Makes the directory BASE in DIR, unless it is one; *IS_NEW (may be NULL) says which. Something
 * else is replaced. */
static gboolean
make_directory (int dir, const char *base, mode_t mode, gboolean *is_new)
{
  struct stat st;

  if (is_new != NULL)
    *is_new = TRUE;
  if (mkdirat (dir, base, mode) == 0)
    return TRUE;
  if (errno != EEXIST || fstatat (dir, base, &st, AT_SYMLINK_NOFOLLOW) != 0)
    return FALSE;
  if (!S_ISDIR (st.st_mode))
    return remove_name (dir, base) && mkdirat (dir, base, mode) == 0;
  if (is_new != NULL)
    *is_new = FALSE;
  /* Else only root could write in it. */
  return (st.st_mode & 0700) == 0700 || fchmodat (dir, base, st.st_mode | 0700, 0) == 0;
}

/* Opens the directory BASE in DIR; MAKE: even if it must be made first. */
static int
enter (int dir, const char *base, gboolean make)
{
  int fd = openat (dir, base, OPEN_DIRECTORY);

  if (fd >= 0 || !make || (errno != ENOENT && errno != ENOTDIR && errno != ELOOP))
    return fd;
  if (!make_directory (dir, base, 0777, NULL))
    return -1;
  return openat (dir, base, OPEN_DIRECTORY);
}

/* Opens the directory NAME, of LEN bytes, below the directory FROM; gives a new descriptor. */
static int
open_directory (int from, const char *name, gsize len, gboolean make)
{
  g_autofree char *copy = g_strndup (name, len);
  int fd = fcntl (from, F_DUPFD_CLOEXEC, 3);

  for (char *base = copy, *next; *base != '\0' && fd >= 0; base = next)
    {
      int inner;
      int errnum;

      next = base + strcspn (base, "/");
      if (*next == '/')
        *next++ = '\0';
      inner = enter (fd, base, make);
      errnum = errno;
      close (fd);
      errno = errnum;
      fd = inner;
    }
  return fd;
}

/* The bytes of NAME before its last component. */
static gsize
parent_length (const char *name)
{
  const char *slash = strrchr (name, '/');

  return slash == NULL ? 0 : (gsize)(slash - name);
}

static const char *
base_of (const char *name)
{
  const char *slash = strrchr (name, '/');

  return slash == NULL ? name : slash + 1;
}

/* Gives the directory that NAME is in, made if need be: it stays WRITER's. -1 with errno set. */
static int
open_parent (VqTreeWriter *writer, const char *name)
{
  gsize len = parent_length (name);
  gsize known = writer->parent < 0 ? 0 : strlen (writer->parent_name);
  gboolean begins = writer->parent >= 0 && strncmp (name, writer->parent_name, known) == 0;
  int fd;

  if (begins && known == len)
    return writer->parent;
  /* The next directory is often below the last one. */
  if (begins && known > 0 && known < len && name[known] == '/')
    fd = open_directory (writer->parent, name + known + 1, len - known - 1, TRUE);
  else
    fd = open_directory (writer->top, name, len, TRUE);
  forget_parent (writer);
  writer->parent = fd;
  writer->parent_name = g_strndup (name, len);
  return fd;
}

/* Gives the directory PENDING, which is the deepest one, its mode. One that was replaced meanwhile
 * needs nothing any more. */
static gboolean
give_mode (VqTreeWriter *writer, const Pending *pending)
{
  const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = pending->mtime } };
  const char *name = writer->deepest->str;
  int parent = open_directory (writer->top, name, parent_length (name), FALSE);
  const char *base = *name == '\0' ? "." : base_of (name);
  int fd = parent < 0 ? -1 : openat (parent, base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  gboolean done = errno == ENOENT || errno == ENOTDIR || errno == ELOOP;
  int errnum;

  if (fd >= 0)
    done = (!pending->is_new || futimens (fd, times) == 0) && fchmod (fd, pending->mode) == 0;
  errnum = errno;
  if (fd >= 0)
    close (fd);
  if (parent >= 0)
    close (parent);
  errno = errnum;
  return done;
}

static gboolean
is_below (const char *name, const GString *directory)
{
  return directory->len == 0
         || (strncmp (name, directory->str, directory->len) == 0 && name[directory->len] == '/');
}

/* Finishes the directories that NAME (NULL: nothing) is not below. */
static gboolean
leave_directories (VqTreeWriter *writer, const char *name)
{
  GArray *pending = writer->pending;

  while (pending->len > 0 && (name == NULL || !is_below (name, writer->deepest)))
    {
      gboolean done = give_mode (writer, &g_array_index (pending, Pending, pending->len - 1));

      g_array_set_size (pending, pending->len - 1);
      if (pending->len > 0)
        g_string_truncate (writer->deepest, g_array_index (pending, Pending, pending->len - 1).len);
      if (!done)
        return FALSE;
    }
  return TRUE;
}

/* As open_parent, when NAME is about to be made. */
static int
come_to (VqTreeWriter *writer, const char *name)
{
  if (*name == '\0')
    {
      errno = EEXIST;
      return -1;
    }
  return leave_directories (writer, name) ? open_parent (writer, name) : -1;
}

gboolean
vq_tree_writer_add_directory (VqTreeWriter *writer, const char *name, mode_t mode, time_t mtime)
{
  Pending pending = { strlen (name), mode, mtime, FALSE };

  if (*name != '\0')
    {
      int parent = come_to (writer, name);

      if (parent < 0 || !make_directory (parent, base_of (name), mode | 0700, &pending.is_new))
        return FALSE;
    }
  else if (!leave_directories (writer, NULL))
    return FALSE;
  g_array_append_val (writer->pending, pending);
  g_string_assign (writer->deepest, name);
  return TRUE;
}

int
vq_tree_writer_add_file (VqTreeWriter *writer, const char *name, mode_t mode)
{
  const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  int parent = come_to (writer, name);
  int fd = parent < 0 ? -1 : openat (parent, base_of (name), flags, mode);

  if (fd < 0 && parent >= 0 && errno == EEXIST && remove_name (parent, base_of (name)))
    fd = openat (parent, base_of (name), flags, mode);
  if (fd >= 0 && (mode & writer->umask) != 0 && fchmod (fd, mode) != 0)
    {
      int errnum = errno;

      close (fd);
      errno = errnum;
      return -1;
    }
  return fd;
}

gboolean
vq_tree_writer_add_symlink (VqTreeWriter *writer, const char *name, const char *target,
                            time_t mtime)
{
  const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = mtime } };
  int parent = come_to (writer, name);
  const char *base = base_of (name);

  if (parent < 0)
    return FALSE;
  if (symlinkat (target, parent, base) != 0
      && !(errno == EEXIST && remove_name (parent, base) && symlinkat (target, parent, base) == 0))
    return FALSE;
  return utimensat (parent, base, times, AT_SYMLINK_NOFOLLOW) == 0;
}

static gboolean
link_names (int old_dir, const char *old, int dir, const char *base)
{
  if (linkat (old_dir, old, dir, base, 0) == 0)
    return TRUE;
  return errno == EEXIST && remove_name (dir, base) && linkat (old_dir, old, dir, base, 0) == 0;
}

gboolean
vq_tree_writer_add_link (VqTreeWriter *writer, const char *name, const char *old)
{
  int parent = come_to (writer, name);
  int old_parent;
  gboolean linked;
  int errnum;

  if (parent < 0)
    return FALSE;
  old_parent = open_directory (writer->top, old, parent_length (old), FALSE);
  if (old_parent < 0)
    return FALSE;
  linked = link_names (old_parent, base_of (old), parent, base_of (name));
  errnum = errno;
  close (old_parent);
  errno = errnum;
  return linked;
}

gboolean
vq_tree_writer_end (VqTreeWriter *writer)
{
  gboolean done = TRUE;
  int errnum = 0;

  while (writer->pending->len > 0)
    if (!leave_directories (writer, NULL))
      {
        done = FALSE;
        errnum = errno;
      }
  errno = errnum;
  return done;
}
