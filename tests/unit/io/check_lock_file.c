// SPDX-License-Identifier: GPL-2.0-or-later
/* The lock that one process holds, and the one that users share: with real processes. */
#include "io/lock-file.h"

#include <check.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "leaks.h"
#include "suite.h"
#include "tree.h"
#include "io/use-lock.h"

#define PATIENCE 20 /* seconds */
#define NAME "x.lock"

static char *path;
static VqPrivateDir *dir;

static void
setup (void)
{
  leaks_begin ();
  path = g_strdup ("/tmp/vq-test-XXXXXX");
  ck_assert_ptr_nonnull (g_mkdtemp (path));
  dir = vq_private_dir_open (path, VQ_PRIVATE_DIR_EXISTING, NULL);
}

static void
teardown (void)
{
  g_clear_pointer (&dir, vq_private_dir_free);
  tree_remove (path);
  g_clear_pointer (&path, g_free);
  leaks_assert_none ();
}

static VqLockFile *
take (void)
{
  VqLockFile *lock;

  ck_assert (vq_lock_file_try (dir, NAME, &lock, NULL));
  return lock;
}

static VqLockFile *
await (double seconds, VqCancel *cancel, GError **error)
{
  return vq_lock_file_wait (dir, NAME, vq_deadline_in (seconds), cancel, error);
}

CASE ("lock-file", setup, teardown, 60)

TEST (one_holds_it)
{
  g_autoptr (VqLockFile) lock = take ();
  g_autoptr (VqLockFile) other = take ();

  ck_assert_ptr_nonnull (lock);
  ck_assert_ptr_null (other);
  ck_assert (tree_has (dir, NAME));
  g_clear_pointer (&lock, vq_lock_file_free);
  ck_assert (!tree_has (dir, NAME));
  other = take ();
  ck_assert_ptr_nonnull (other);
}

/* A killed process leaves the file, but not the lock. */
TEST (file_left_behind)
{
  g_autoptr (VqLockFile) lock = NULL;

  ck_assert (vq_private_dir_write (dir, NAME, "", NULL));
  lock = take ();
  ck_assert_ptr_nonnull (lock);
}

TEST (free_is_not_waited_for)
{
  g_autoptr (VqLockFile) lock = await (0, NULL, NULL);

  ck_assert_ptr_nonnull (lock);
}

static gboolean
let_go (gpointer data)
{
  g_clear_pointer ((VqLockFile **)data, vq_lock_file_free);
  return G_SOURCE_REMOVE;
}

/* The main context runs meanwhile, or the holder, which is the same process, could never let go.
 * The one who waited holds a file that has the name. */
TEST (waited_for)
{
  VqLockFile *lock = take ();
  g_autoptr (VqLockFile) waited = NULL;
  g_autoptr (VqLockFile) other = NULL;

  g_timeout_add (50, let_go, &lock);
  waited = await (PATIENCE, NULL, NULL);
  ck_assert_ptr_nonnull (waited);
  ck_assert_ptr_null (lock);
  ck_assert (tree_has (dir, NAME));
  other = take ();
  ck_assert_ptr_null (other);
}

TEST (deadline)
{
  g_autoptr (VqLockFile) lock = take ();
  g_autoptr (GError) error = NULL;

  ck_assert_ptr_null (await (0.1, NULL, &error));
  ck_assert (vq_error_is_timeout (error));
  ck_assert (tree_has (dir, NAME));
}

static gboolean
cancel_it (gpointer data)
{
  g_autoptr (GError) reason = g_error_new (VQ_ERROR, VQ_ERROR_CANCELLED, "enough");

  vq_cancel_trigger (data, reason);
  return G_SOURCE_REMOVE;
}

TEST (cancelled)
{
  g_autoptr (VqLockFile) lock = take ();
  g_autoptr (VqCancel) cancel = vq_cancel_new (NULL);
  g_autoptr (GError) error = NULL;

  g_timeout_add (50, cancel_it, cancel);
  ck_assert_ptr_null (await (PATIENCE, cancel, &error));
  ck_assert (vq_error_is_cancelled (error));
}

typedef struct
{
  int fd; /* holds the lock that is waited for */
  VqLockFile *third;
} Replaced;

static gboolean
replace (gpointer data)
{
  Replaced *replaced = data;
  g_autofree char *file = g_build_filename (path, NAME, NULL);

  ck_assert_int_eq (g_unlink (file), 0);
  replaced->third = take ();
  close (replaced->fd);
  return G_SOURCE_REMOVE;
}

/* The lock of a file that has lost its name is worth nothing: here somebody else has the next. */
TEST (file_replaced_while_waiting)
{
  g_autofree char *file = g_build_filename (path, NAME, NULL);
  Replaced replaced = { open (file, O_RDWR | O_CREAT | O_CLOEXEC, 0600), NULL };
  g_autoptr (VqLockFile) waited = NULL;
  g_autoptr (GError) error = NULL;

  ck_assert_int_eq (flock (replaced.fd, LOCK_EX), 0);
  g_timeout_add (50, replace, &replaced);
  waited = await (1, NULL, &error);
  ck_assert_ptr_nonnull (replaced.third);
  ck_assert_ptr_null (waited);
  ck_assert (vq_error_is_timeout (error));
  vq_lock_file_free (replaced.third);
}

/* A child that holds the lock until it is killed; it has said so when this returns. */
static pid_t
start_holder (void)
{
  int ends[2];
  char byte;
  pid_t pid;

  ck_assert_int_eq (pipe2 (ends, O_CLOEXEC), 0);
  pid = fork ();
  if (pid == 0)
    {
      if (take () == NULL || write (ends[1], "x", 1) != 1)
        _exit (1);
      for (;;)
        pause ();
    }
  close (ends[1]);
  ck_assert_int_eq (read (ends[0], &byte, 1), 1);
  close (ends[0]);
  return pid;
}

static gboolean
kill_it (gpointer data)
{
  kill (*(pid_t *)data, SIGKILL);
  return G_SOURCE_REMOVE;
}

TEST (holder_killed)
{
  pid_t pid = start_holder ();
  g_autoptr (VqLockFile) lock = take ();
  int status;

  ck_assert_ptr_null (lock);
  g_timeout_add (50, kill_it, &pid);
  lock = await (PATIENCE, NULL, NULL);
  ck_assert_ptr_nonnull (lock);
  ck_assert_int_eq (waitpid (pid, &status, 0), pid);
  ck_assert (WIFSIGNALED (status));
}

TEST (cannot_lock)
{
  g_autofree char *file = g_build_filename (path, NAME, NULL);
  g_autoptr (GError) error = NULL;
  VqLockFile *lock = NULL;

  ck_assert_int_eq (symlink ("elsewhere", file), 0);
  ck_assert (!vq_lock_file_try (dir, NAME, &lock, &error));
  ck_assert_ptr_null (lock);
  ck_assert_ptr_nonnull (strstr (error->message, NAME));
  ck_assert (!tree_has (dir, "elsewhere"));
}

static int
open_shared_file (void)
{
  g_autofree char *file = g_build_filename (path, "use", NULL);
  int fd = open (file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

  ck_assert_int_ge (fd, 0);
  return fd;
}

static gboolean
use (int fd, VqUse how)
{
  gboolean taken;

  ck_assert (vq_use_lock_take (fd, how, &taken, NULL));
  return taken;
}

TEST (many_use_one_removes)
{
  int fds[3];

  for (int i = 0; i < 3; i++)
    fds[i] = open_shared_file ();
  ck_assert (!vq_use_lock_is_held (fds[0]));
  ck_assert (use (fds[0], VQ_USE_SHARED));
  ck_assert (!vq_use_lock_is_held (fds[0])); /* its own does not count */
  ck_assert (vq_use_lock_is_held (fds[1]));
  ck_assert (use (fds[1], VQ_USE_SHARED));
  ck_assert (!use (fds[2], VQ_USE_EXCLUSIVE));
  close (fds[0]);
  ck_assert (!use (fds[2], VQ_USE_EXCLUSIVE));
  close (fds[1]);
  fds[0] = open_shared_file ();
  ck_assert (!vq_use_lock_is_held (fds[0])); /* to ask takes nothing */
  ck_assert (use (fds[2], VQ_USE_EXCLUSIVE));
  ck_assert (vq_use_lock_is_held (fds[0]));
  ck_assert (!use (fds[0], VQ_USE_SHARED));
  close (fds[0]);
  close (fds[2]);
}

TEST (not_lockable)
{
  g_autoptr (GError) error = NULL;
  gboolean taken = TRUE;

  ck_assert (!vq_use_lock_take (-1, VQ_USE_SHARED, &taken, &error));
  ck_assert (!taken);
  ck_assert_ptr_nonnull (error);
}

static void
expect_sign (const char *text)
{
  VqLockFileSign sign;
  gint64 age;

  ck_assert (vq_lock_file_hear (dir, NAME, &sign));
  ck_assert_str_eq (sign.text, text);
  age = g_get_real_time () - sign.when;
  ck_assert_int_ge (age, -G_USEC_PER_SEC);
  ck_assert_int_lt (age, 60 * G_USEC_PER_SEC);
}

TEST (signs)
{
  VqLockFileSign sign;
  g_autofree char *longer = g_strnfill (sizeof sign.text, 'x');
  g_autoptr (VqLockFile) lock = NULL;

  ck_assert (!vq_lock_file_hear (dir, NAME, &sign));
  lock = take ();
  expect_sign ("");
  vq_lock_file_tell (lock, "a long text");
  expect_sign ("a long text");
  vq_lock_file_tell (lock, "short");
  expect_sign ("short");
  vq_lock_file_tell (lock, longer);
  longer[sizeof sign.text - 1] = '\0';
  expect_sign (longer);
}
