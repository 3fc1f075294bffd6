// SPDX-License-Identifier: GPL-2.0-or-later
/* Another user who can write in a directory of the tree swaps files in it while we write there. The
 * test makes him act just before the Nth system call that could be fooled, for each N, so it does
 * not depend on luck. */
#include "copy/tree-writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "leaks.h"
#include "suite.h"
#include "tree.h"

#define OLD 1000000000 /* a time */
#define OTHER_USER 65534

static char *base;
static int other = -1; /* asks the other user to act */
static pid_t other_pid;
static int calls_left; /* until he acts; -1: he does not */

static char *
in (const char *name)
{
  return g_build_filename (base, name, NULL);
}

/* The name that we write, and the one that the other user puts in its place. */
static void
swap (void)
{
  g_autofree char *ours = in ("dest/a/b");
  g_autofree char *his = in ("dest/a/his");

  if (renameat2 (AT_FDCWD, ours, AT_FDCWD, his, RENAME_EXCHANGE) != 0)
    rename (his, ours);
}

static void
be_the_other_user (int fd)
{
  char byte;

  if (geteuid () == 0
      && (setresgid (OTHER_USER, OTHER_USER, OTHER_USER) != 0
          || setresuid (OTHER_USER, OTHER_USER, OTHER_USER) != 0))
    _exit (1);
  while (read (fd, &byte, 1) == 1)
    {
      swap ();
      if (write (fd, &byte, 1) != 1)
        _exit (1);
    }
  _exit (0);
}

static void
start_other_user (void)
{
  int pair[2];

  ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
  other_pid = fork ();
  ck_assert_int_ge (other_pid, 0);
  if (other_pid == 0)
    {
      close (pair[0]);
      be_the_other_user (pair[1]);
    }
  close (pair[1]);
  other = pair[0];
}

/* Called before each system call that has a name or changes something. */
static void
note_call (void)
{
  char byte = 0;

  if (calls_left < 0 || calls_left-- > 0)
    return;
  ck_assert_int_eq (write (other, &byte, 1), 1);
  ck_assert_int_eq (read (other, &byte, 1), 1);
}

/* ---- in place of the C library's ---- */

int
openat (int dir, const char *name, int flags, ...)
{
  mode_t mode;
  va_list list;

  va_start (list, flags);
  mode = (flags & O_CREAT) != 0 ? va_arg (list, mode_t) : 0;
  va_end (list);
  note_call ();
  return syscall (SYS_openat, dir, name, flags, mode);
}

int
mkdirat (int dir, const char *name, mode_t mode)
{
  note_call ();
  return syscall (SYS_mkdirat, dir, name, mode);
}

int
unlinkat (int dir, const char *name, int flags)
{
  note_call ();
  return syscall (SYS_unlinkat, dir, name, flags);
}

int
symlinkat (const char *target, int dir, const char *name)
{
  note_call ();
  return syscall (SYS_symlinkat, target, dir, name);
}

int
linkat (int old_dir, const char *old, int dir, const char *name, int flags)
{
  note_call ();
  return syscall (SYS_linkat, old_dir, old, dir, name, flags);
}

int
fchmodat (int dir, const char *name, mode_t mode, int flags)
{
  note_call ();
  return syscall (SYS_fchmodat, dir, name, mode);
}

int
chmod (const char *path, mode_t mode)
{
  return fchmodat (AT_FDCWD, path, mode, 0);
}

int
fchmod (int fd, mode_t mode)
{
  note_call ();
  return syscall (SYS_fchmod, fd, mode);
}

int
utimensat (int dir, const char *name, const struct timespec times[2], int flags)
{
  note_call ();
  return syscall (SYS_utimensat, dir, name, times, flags);
}

/* ---- what he swaps, and what we write ---- */

static void
make_directory (const char *name, mode_t mode)
{
  g_autofree char *path = in (name);

  ck_assert_int_eq (mkdir (path, 0700), 0);
  ck_assert_int_eq (chmod (path, mode), 0);
}

static void
put (const char *name, mode_t mode)
{
  g_autofree char *path = in (name);

  ck_assert (g_file_set_contents (path, "unharmed", -1, NULL));
  ck_assert_int_eq (chmod (path, mode), 0);
}

static void
give_away (const char *name)
{
  g_autofree char *path = in (name);

  if (geteuid () == 0)
    ck_assert_int_eq (lchown (path, OTHER_USER, OTHER_USER), 0);
}

static void
age (const char *name)
{
  const struct timespec times[2] = { { .tv_sec = OLD }, { .tv_sec = OLD } };
  g_autofree char *path = in (name);

  ck_assert_int_eq (utimensat (AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW), 0);
}

static void
setup (void)
{
  g_autofree char *top = NULL;

  leaks_begin ();
  umask (0);
  calls_left = -1;
  base = g_dir_make_tmp ("check-tree-races-XXXXXX", NULL);
  ck_assert_int_eq (chmod (base, 0711), 0);
  start_other_user ();
}

static void
teardown (void)
{
  close (other);
  ck_assert_int_eq (waitpid (other_pid, NULL, 0), other_pid);
  tree_remove (base);
  g_clear_pointer (&base, g_free);
  leaks_assert_none ();
}

/* What has the name that we write: nothing, or a directory that belongs to him and is closed to us.
 */
static void
make_ours (gboolean is_there)
{
  if (!is_there)
    return;
  make_directory ("dest/a/b", 0077);
  give_away ("dest/a/b");
}

/* What he puts there: a link to the victim, a link to the directory that it is in, or a directory
 * of ours. */
static void
make_his (int kind)
{
  static const char *const targets[] = { "../../outside/victim", "../../outside" };
  g_autofree char *his = in ("dest/a/his");

  if (kind == G_N_ELEMENTS (targets))
    {
      make_directory ("dest/a/his", 0700);
      put ("dest/a/his/kept", 0600);
    }
  else
    ck_assert_int_eq (symlink (targets[kind], his), 0);
  give_away (kind == G_N_ELEMENTS (targets) ? "dest/a" : "dest/a/his");
}

static void
make_tree (gboolean is_there, int kind)
{
  make_directory ("outside", 0755);
  put ("outside/victim", 0600);
  age ("outside/victim");
  age ("outside");
  make_directory ("dest", 0755);
  put ("dest/plain", 0600);
  make_directory ("dest/a", 0777);
  make_ours (is_there);
  make_his (kind);
}

/* A directory that is closed to us cannot be removed. */
static void
open_directory (const char *name)
{
  g_autofree char *path = in (name);

  if (!g_file_test (path, G_FILE_TEST_IS_SYMLINK) && g_file_test (path, G_FILE_TEST_IS_DIR))
    ck_assert (chmod (path, 0700) == 0 || errno == EPERM);
}

static void
remove_tree (void)
{
  g_autofree char *dest = in ("dest");
  g_autofree char *outside = in ("outside");

  open_directory ("dest/a/b");
  open_directory ("dest/a/his");
  tree_remove (dest);
  tree_remove (outside);
}

static void
assert_unharmed (const char *name, mode_t mode)
{
  g_autofree char *path = in (name);
  struct stat st;

  ck_assert_int_eq (lstat (path, &st), 0);
  ck_assert_msg (st.st_mode == mode, "%s: %o", name, st.st_mode);
  ck_assert_msg (st.st_mtim.tv_sec == OLD, "%s: its time", name);
  ck_assert_msg (S_ISDIR (mode) || st.st_nlink == 1, "%s: a link", name);
}

/* Whatever it is called now. */
static ino_t
private_directory (int kind)
{
  g_autofree char *path = in ("dest/a/his");
  struct stat st;

  ck_assert_int_eq (lstat (path, &st), 0);
  return kind == 2 ? st.st_ino : 0;
}

static void
assert_still_private (ino_t number)
{
  static const char *const names[] = { "dest/a/his", "dest/a/b" };
  struct stat st;

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = in (names[i]);

      if (lstat (path, &st) == 0 && st.st_ino == number)
        ck_assert_msg (st.st_mode == (S_IFDIR | 0700), "%s: %o", names[i], st.st_mode);
    }
}

static void
write_file (VqTreeWriter *writer, const char *name)
{
  int fd = vq_tree_writer_add_file (writer, name, 0666);

  if (fd < 0)
    return;
  ck_assert_int_eq (write (fd, "harm", 4), 4);
  close (fd);
}

/* Each of these may fail. */
static void
write_what (VqTreeWriter *writer, int what)
{
  gboolean done = TRUE;

  if (what == 0)
    {
      done = vq_tree_writer_add_directory (writer, "a/b", 0077, 1);
      write_file (writer, "a/b/f");
    }
  else if (what == 1)
    write_file (writer, "a/b");
  else if (what == 2)
    done = vq_tree_writer_add_symlink (writer, "a/b", "x", 1);
  else
    done = vq_tree_writer_add_link (writer, "a/b", "plain");
  if (!vq_tree_writer_end (writer) || !done)
    g_debug ("it was noticed: %s", g_strerror (errno));
}

/* Returns TRUE if there were more than N calls. */
static gboolean
race (gboolean is_there, int kind, int what, int n)
{
  g_autofree char *dest = in ("dest");
  g_autoptr (VqTreeWriter) writer = NULL;
  gboolean acted;
  ino_t number;

  make_tree (is_there, kind);
  number = private_directory (kind);
  writer = vq_tree_writer_new (dest);
  ck_assert_ptr_nonnull (writer);
  calls_left = n;
  write_what (writer, what);
  acted = calls_left < 0;
  calls_left = -1;
  assert_unharmed ("outside/victim", S_IFREG | 0600);
  assert_unharmed ("outside", S_IFDIR | 0755);
  if (number != 0)
    assert_still_private (number);
  remove_tree ();
  return acted;
}

CASE ("another user", setup, teardown, 60)

TEST_LOOP (swapped_names, 0, 4)
{
  int n_calls = 0;

  for (int is_there = 0; is_there <= 1; is_there++)
    for (int kind = 0; kind < 3; kind++)
      for (int n = 0; race (is_there, kind, _i, n); n++)
        n_calls++;
  ck_assert_int_gt (n_calls, 12);
}
