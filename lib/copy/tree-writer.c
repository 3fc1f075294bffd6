// SPDX-License-Identifier: GPL-2.0-or-later
#include "copy/tree-writer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

#define OPEN_DIRECTORY (O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* A directory that is still being written to. */
typedef struct
{
  gsize len; /* the length of its name */
  dev_t dev;
  ino_t ino;
  mode_t mode; /* its mode before we opened it */
  gboolean
      is_lent; /* we have added permissions to MODE for now, because we could not write in it */
  gboolean is_new;
  time_t mtime; /* for a new directory */
} Pending;

struct _VqTreeWriter
{
  int top;           /* owned */
  int parent;        /* owned: the directory PARENT_NAME; -1: none */
  char *parent_name; /* owned */
  GArray *pending;   /* of Pending; each is below the one before */
  GString *deepest;  /* the name of the last one; the names of all others are beginnings of it */
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
  return writer;
}

static void
forget_parent (VqTreeWriter *writer)
{
  vq_fd_clear (&writer->parent);
  g_clear_pointer (&writer->parent_name, g_free);
}

void
vq_tree_writer_free (VqTreeWriter *writer)
{
  if (writer == NULL)
    return;
  if (!vq_tree_writer_end (writer))
    g_debug ("a directory does not get its mode or time: %s", g_strerror (errno));
  forget_parent (writer);
  close (writer->top);
  g_array_unref (writer->pending);
  g_string_free (writer->deepest, TRUE);
  g_free (writer);
}

/* Removes BASE from the directory DIR, whatever it is. */
static gboolean
remove_name (int dir, const char *base)
{
  if (unlinkat (dir, base, 0) == 0)
    return TRUE;
  return errno == EISDIR && unlinkat (dir, base, AT_REMOVEDIR) == 0;
}

/* Makes the directory BASE in DIR, or keeps an existing directory; *IS_NEW tells which. Anything
 * else with that name is replaced. */
static gboolean
make_directory (int dir, const char *base, mode_t mode, gboolean *is_new)
{
  struct stat st;

  *is_new = mkdirat (dir, base, mode) == 0;
  if (*is_new)
    return TRUE;
  if (errno != EEXIST || fstatat (dir, base, &st, AT_SYMLINK_NOFOLLOW) != 0)
    return FALSE;
  if (S_ISDIR (st.st_mode))
    return TRUE;
  *is_new = remove_name (dir, base) && mkdirat (dir, base, mode) == 0;
  return *is_new;
}

/* Opens the directory BASE in DIR. With MAKE, it is made if it does not exist. */
static int
enter (int dir, const char *base, gboolean make)
{
  int fd = openat (dir, base, OPEN_DIRECTORY);
  gboolean is_new;

  if (fd >= 0 || !make || (errno != ENOENT && errno != ENOTDIR && errno != ELOOP))
    return fd;
  if (!make_directory (dir, base, 0777, &is_new))
    return -1;
  return openat (dir, base, OPEN_DIRECTORY);
}

/* Opens the directory NAME, which has LEN bytes, below the directory FROM. Returns a new
 * descriptor. */
static int
open_directory (int from, const char *name, gsize len, gboolean make)
{
  g_autofree char *copy = g_strndup (name, len);
  int fd = fcntl (from, F_DUPFD_CLOEXEC, 3);

  for (char *base = copy, *next; *base != '\0' && fd >= 0; base = next)
    {
      vq_autofd int outer = g_steal_fd (&fd);

      next = base + strcspn (base, "/");
      if (*next == '/')
        *next++ = '\0';
      fd = enter (outer, base, make);
    }
  return fd;
}

/* How many bytes of NAME come before its last component. */
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

/* Opens the directory of NAME, which is made if it does not exist. The descriptor belongs to
 * WRITER. Returns -1 with errno set on failure. */
static int
open_parent (VqTreeWriter *writer, const char *name)
{
  gsize len = parent_length (name);
  gsize known = writer->parent < 0 ? 0 : strlen (writer->parent_name);
  gboolean begins = writer->parent >= 0 && strncmp (name, writer->parent_name, known) == 0;
  int fd;

  if (begins && known == len)
    return writer->parent;
  /* Often the next directory is below the last one, so we start from there. */
  if (begins && known > 0 && known < len && name[known] == '/')
    fd = open_directory (writer->parent, name + known + 1, len - known - 1, TRUE);
  else
    fd = open_directory (writer->top, name, len, TRUE);
  forget_parent (writer);
  writer->parent = fd;
  writer->parent_name = g_strndup (name, len);
  return fd;
}

/* By now the name may lead to something else than what was opened, so it is not used. FD's entry in
 * /proc leads to what was opened, even with O_PATH. */
static gboolean
set_mode (int fd, mode_t mode)
{
  char path[sizeof "/proc/self/fd/" + 3 * sizeof fd];

  g_snprintf (path, sizeof path, "/proc/self/fd/%d", fd);
  return chmod (path, mode) == 0;
}

static gboolean
set_mtime (int fd, time_t mtime)
{
  const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = mtime } };

  return utimensat (fd, "", times, AT_EMPTY_PATH) == 0;
}

/* Makes sure that we can write in the directory FD, and remembers its mode. */
static gboolean
borrow_directory (int fd, Pending *pending)
{
  struct stat st;

  if (fstat (fd, &st) != 0)
    return FALSE;
  pending->dev = st.st_dev;
  pending->ino = st.st_ino;
  pending->mode = st.st_mode & 07777;
  pending->is_lent = st.st_uid == geteuid () && (st.st_mode & 0700) != 0700;
  return !pending->is_lent || set_mode (fd, pending->mode | 0700);
}

/* Restores the mode of the directory FD. */
static gboolean
return_directory (int fd, const Pending *pending)
{
  struct stat st;

  if (fstat (fd, &st) != 0)
    return FALSE;
  if (st.st_dev != pending->dev || st.st_ino != pending->ino)
    return TRUE; /* another directory has its name now */
  return (!pending->is_new || set_mtime (fd, pending->mtime))
         && (!pending->is_lent || set_mode (fd, pending->mode));
}

/* Finishes the directory PENDING, which must be the deepest one. If it was replaced meanwhile,
 * there is nothing to do. */
static gboolean
leave_directory (VqTreeWriter *writer, const Pending *pending)
{
  vq_autofd int fd = open_directory (writer->top, writer->deepest->str, pending->len, FALSE);

  if (fd < 0)
    return errno == ENOENT || errno == ENOTDIR || errno == ELOOP;
  return return_directory (fd, pending);
}

static gboolean
is_below (const char *name, const GString *directory)
{
  return strncmp (name, directory->str, directory->len) == 0 && name[directory->len] == '/';
}

/* Finishes the directories that do not contain NAME (NULL: all of them). */
static gboolean
leave_directories (VqTreeWriter *writer, const char *name)
{
  GArray *pending = writer->pending;

  while (pending->len > 0 && (name == NULL || !is_below (name, writer->deepest)))
    {
      gboolean done = leave_directory (writer, &g_array_index (pending, Pending, pending->len - 1));

      g_array_set_size (pending, pending->len - 1);
      if (pending->len > 0)
        g_string_truncate (writer->deepest, g_array_index (pending, Pending, pending->len - 1).len);
      if (!done)
        return FALSE;
    }
  return TRUE;
}

/* Like open_parent, for a NAME that will be made now. */
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

/* Makes the directory BASE in DIR, and fills in PENDING for it. */
static gboolean
enter_new (int dir, const char *base, mode_t mode, Pending *pending)
{
  vq_autofd int fd = -1;

  if (!make_directory (dir, base, mode, &pending->is_new))
    return FALSE;
  fd = openat (dir, base, OPEN_DIRECTORY);
  return fd >= 0 && borrow_directory (fd, pending);
}

gboolean
vq_tree_writer_add_directory (VqTreeWriter *writer, const char *name, mode_t mode, time_t mtime)
{
  Pending pending = { .len = strlen (name), .mtime = mtime };
  int parent;

  if (*name == '\0')
    return leave_directories (writer, NULL);
  parent = come_to (writer, name);
  if (parent < 0 || !enter_new (parent, base_of (name), mode, &pending))
    return FALSE;
  if (pending.is_new || pending.is_lent)
    {
      g_array_append_val (writer->pending, pending);
      g_string_assign (writer->deepest, name);
    }
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
  return fd;
}

/* Sets the time of the symlink BASE in DIR, if it still is one. */
static gboolean
set_symlink_mtime (int dir, const char *base, time_t mtime)
{
  vq_autofd int fd = openat (dir, base, O_PATH | O_NOFOLLOW | O_CLOEXEC);
  struct stat st;

  return fd >= 0 && fstat (fd, &st) == 0 && (!S_ISLNK (st.st_mode) || set_mtime (fd, mtime));
}

gboolean
vq_tree_writer_add_symlink (VqTreeWriter *writer, const char *name, const char *target,
                            time_t mtime)
{
  int parent = come_to (writer, name);
  const char *base = base_of (name);

  if (parent < 0)
    return FALSE;
  if (symlinkat (target, parent, base) != 0
      && !(errno == EEXIST && remove_name (parent, base) && symlinkat (target, parent, base) == 0))
    return FALSE;
  return set_symlink_mtime (parent, base, mtime);
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
  vq_autofd int old_parent = -1;

  if (parent < 0)
    return FALSE;
  old_parent = open_directory (writer->top, old, parent_length (old), FALSE);
  return old_parent >= 0 && link_names (old_parent, base_of (old), parent, base_of (name));
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
