// SPDX-License-Identifier: GPL-2.0-or-later
#include "io/workdir.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "leaks.h"
#include "suite.h"
#include "base/wait.h"

#define PATIENCE 20 /* seconds; for things that take little */

static char *parent; /* of the directories under test */

static void
setup (void)
{
  leaks_begin ();
  parent = g_strdup ("/tmp/vq-test-XXXXXX");
  ck_assert_ptr_nonnull (g_mkdtemp (parent));
}

/* Nothing is left in the parent. */
static void
teardown (void)
{
  ck_assert_int_eq (g_rmdir (parent), 0);
  g_clear_pointer (&parent, g_free);
  leaks_assert_none ();
}

static VqWorkdir *
make (const char *below)
{
  g_autoptr (GError) error = NULL;
  VqWorkdir *workdir = vq_workdir_new (below, &error);

  ck_assert_msg (workdir != NULL, "%s", error != NULL ? error->message : "");
  return workdir;
}

static void
touch (VqWorkdir *workdir, const char *name)
{
  g_autofree char *path = vq_workdir_join (workdir, name);

  ck_assert (g_file_set_contents (path, "x", 1, NULL));
}

static void
assert_private (const char *path)
{
  struct stat status;

  ck_assert_int_eq (stat (path, &status), 0);
  ck_assert (S_ISDIR (status.st_mode));
  ck_assert_int_eq (status.st_mode & 07777, 0700);
}

CASE ("workdir", setup, teardown, 60)

TEST_LOOP (made_and_removed, 0, 2)
{
  mode_t before = umask (_i == 0 ? 0 : 022);
  g_autoptr (VqWorkdir) workdir = make (parent);
  g_autoptr (VqWorkdir) other = make (parent);
  g_autofree char *path = g_strdup (vq_workdir_get_path (workdir));
  g_autofree char *joined = vq_workdir_join (workdir, "name");

  umask (before);
  ck_assert (g_str_has_prefix (path, parent));
  ck_assert (g_str_has_prefix (joined, path));
  ck_assert_str_eq (joined + strlen (path), "/name");
  ck_assert_str_ne (path, vq_workdir_get_path (other));
  assert_private (path);
  g_clear_pointer (&workdir, vq_workdir_free);
  ck_assert_int_eq (access (path, F_OK), -1);
  assert_private (vq_workdir_get_path (other));
}

TEST (removed_with_its_files)
{
  g_autoptr (VqWorkdir) workdir = make (parent);
  g_autofree char *fifo = vq_workdir_join (workdir, "fifo");
  g_autofree char *link = vq_workdir_join (workdir, ".link");

  for (guint i = 0; i < 500; i++)
    {
      g_autofree char *name = g_strdup_printf ("file%u", i);

      touch (workdir, name);
    }
  ck_assert_int_eq (mkfifo (fifo, 0600), 0);
  ck_assert_int_eq (symlink (parent, link), 0);
}

/* If we can open nothing more, the janitor removes it. */
TEST (removed_without_descriptors)
{
  g_autoptr (VqWorkdir) workdir = make (parent);
  g_autofree char *path = g_strdup (vq_workdir_get_path (workdir));
  struct rlimit limit, none = { 0, 0 };

  touch (workdir, "file");
  ck_assert_int_eq (getrlimit (RLIMIT_NOFILE, &limit), 0);
  none.rlim_max = limit.rlim_max;
  ck_assert_int_eq (setrlimit (RLIMIT_NOFILE, &none), 0);
  g_clear_pointer (&workdir, vq_workdir_free);
  ck_assert_int_eq (setrlimit (RLIMIT_NOFILE, &limit), 0);
  ck_assert_int_eq (access (path, F_OK), -1);
}

TEST (relative_parent)
{
  g_autofree char *before = g_get_current_dir ();
  g_autofree char *base = g_path_get_basename (parent);
  g_autoptr (VqWorkdir) workdir = NULL;

  ck_assert_int_eq (chdir ("/tmp"), 0);
  workdir = make (base);
  ck_assert_int_eq (chdir (before), 0);
  ck_assert (g_path_is_absolute (vq_workdir_get_path (workdir)));
  ck_assert (g_str_has_prefix (vq_workdir_get_path (workdir), parent));
  assert_private (vq_workdir_get_path (workdir));
}

TEST (bad_parents)
{
  g_autofree char *missing = g_build_filename (parent, "missing", NULL);
  const char *const parents[] = { missing, "/dev/null", "/proc/self", "" };

  for (guint i = 0; i < G_N_ELEMENTS (parents) - 1; i++)
    {
      g_autoptr (GError) error = NULL;

      ck_assert_ptr_null (vq_workdir_new (parents[i], &error));
      ck_assert (g_error_matches (error, VQ_ERROR, VQ_ERROR_FAILED));
      ck_assert_ptr_nonnull (strstr (error->message, parents[i]));
    }
}

/* FUNCTION in a process of its own, which GLib reads $TMPDIR for once; it fails unless 0. */
static void
assert_in_child (int (*function) (void))
{
  pid_t pid = fork ();
  int status;

  if (pid == 0)
    _exit (function ());
  ck_assert_int_eq (waitpid (pid, &status, 0), pid);
  ck_assert_msg (WIFEXITED (status), "killed by signal %d", WTERMSIG (status));
  ck_assert_int_eq (WEXITSTATUS (status), 0);
}

/* Root may write everywhere. */
static int
refuse_unwritable (void)
{
  g_autoptr (GError) error = NULL;

  if (chmod (parent, 0500) != 0 || (getuid () == 0 && setresuid (65534, 65534, 65534) != 0))
    return 1;
  if (vq_workdir_new (parent, &error) != NULL)
    return 2;
  return strstr (error->message, g_strerror (EACCES)) != NULL ? 0 : 3;
}

TEST (unwritable_parent)
{
  assert_in_child (refuse_unwritable);
}

/* A socket of the longest name fits below the longest $TMPDIR that is taken. */
static int
try_temporary_directory (gsize length, gboolean accepted)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *fill = g_strnfill (length - strlen (parent) - 1, 'd');
  g_autofree char *directory = g_build_filename (parent, fill, NULL);
  VqWorkdir *workdir;

  if (g_mkdir (directory, 0700) != 0 || !g_setenv ("TMPDIR", directory, TRUE))
    return 1;
  workdir = vq_workdir_new (NULL, &error);
  if ((workdir != NULL) != accepted)
    return 2;
  if (accepted && !g_str_has_prefix (vq_workdir_get_path (workdir), directory))
    return 3;
  if (!accepted && strstr (error->message, "TMPDIR") == NULL)
    return 4;
  vq_workdir_free (workdir);
  return g_rmdir (directory) == 0 ? 0 : 5; /* nothing is left */
}

/* "/virt-qemu.XXXXXX" + "/" + 11 bytes + NUL */
#define LONGEST_PARENT (sizeof ((struct sockaddr_un *)NULL)->sun_path - 17 - 12 - 1)

static int
longest_but_one (void)
{
  return try_temporary_directory (LONGEST_PARENT - 1, TRUE);
}

static int
longest (void)
{
  return try_temporary_directory (LONGEST_PARENT, TRUE);
}

static int
too_long (void)
{
  return try_temporary_directory (LONGEST_PARENT + 1, FALSE);
}

TEST (temporary_directories)
{
  assert_in_child (longest_but_one);
  assert_in_child (longest);
  assert_in_child (too_long);
}

/* Calls DO_IT for each child of this process: the janitors. */
static void
for_each_janitor (void (*do_it) (pid_t pid))
{
  g_autofree char *path = g_strdup_printf ("/proc/self/task/%d/children", getpid ());
  g_autofree char *text = NULL;
  g_auto (GStrv) pids = NULL;

  ck_assert (g_file_get_contents (path, &text, NULL, NULL));
  pids = g_strsplit (g_strchomp (text), " ", -1);
  for (char **pid = pids; *pid != NULL; pid++)
    do_it (atoi (*pid));
}

static void
kill_and_reap (pid_t pid)
{
  kill (pid, SIGKILL);
  waitpid (pid, NULL, 0);
}

/* From its first moment on: nothing of it has to run for that. */
static void
assert_own_group (pid_t pid)
{
  ck_assert_int_eq (getpgid (pid), pid);
}

/* Two directories with files, and then nobody to clean up. The janitors hold the descriptor FD no
 * more than anything else of ours. */
static int
leave_behind (int number)
{
  VqWorkdir *workdirs[] = { make (parent), make (parent) };

  for (guint i = 0; i < G_N_ELEMENTS (workdirs); i++)
    for (guint k = 0; k < 5; k++)
      {
        g_autofree char *name = g_strdup_printf ("file%u", k);

        touch (workdirs[i], name);
      }
  for_each_janitor (assert_own_group);
  signal (SIGTERM, SIG_DFL);
  kill (0, number); /* the janitors survive what kills our group */
  kill (getpid (), SIGKILL);
  return 1;
}

/* The janitors become our children, so their end can be waited for. */
static const int deadly[] = { SIGTERM, SIGKILL };

TEST_LOOP (removed_when_killed, 0, G_N_ELEMENTS (deadly))
{
  pid_t pid, ended;
  int status;
  int n = 0;

  ck_assert_int_eq (prctl (PR_SET_CHILD_SUBREAPER, 1), 0);
  pid = fork ();
  if (pid == 0)
    {
      setpgid (0, 0);
      signal (SIGTERM, SIG_IGN);
      _exit (leave_behind (deadly[_i]));
    }
  while ((ended = waitpid (-1, &status, 0)) > 0 || errno == EINTR)
    {
      ck_assert_int_eq (WIFSIGNALED (status), ended == pid);
      n++;
    }
  prctl (PR_SET_CHILD_SUBREAPER, 0);
  ck_assert_int_eq (n, 3);
}

/* Only its own end of its own pipe. */
TEST (janitor_holds_nothing)
{
  int ends[2];
  char byte;
  g_autoptr (VqWorkdir) workdir = NULL;
  g_autoptr (VqWorkdir) other = NULL;

  ck_assert_int_eq (pipe (ends), 0);
  workdir = make (parent);
  other = make (parent);
  close (ends[1]);
  ck_assert (vq_wait_fd (ends[0], G_IO_IN, vq_deadline_in (PATIENCE), NULL, "end", NULL));
  ck_assert_int_eq (read (ends[0], &byte, 1), 0);
  close (ends[0]);
}

static int
count_names (void)
{
  g_autoptr (GDir) dir = g_dir_open (parent, 0, NULL);
  int n = 0;

  while (g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

/* Whoever made them and the janitors are killed at the same time. */
TEST (left_over)
{
  pid_t pid = fork ();
  int status;

  if (pid == 0)
    {
      touch (make (parent), "file");
      touch (make (parent), "file");
      for_each_janitor (kill_and_reap);
      kill (getpid (), SIGKILL);
    }
  ck_assert_int_eq (waitpid (pid, &status, 0), pid);
  ck_assert (WIFSIGNALED (status));
  ck_assert_int_eq (count_names (), 2);
  vq_workdir_sweep (parent);
  ck_assert_int_eq (count_names (), 0);
}

/* Even if nobody is going to remove it at its end. */
TEST (in_use)
{
  g_autoptr (VqWorkdir) workdir = make (parent);
  g_autofree char *file = vq_workdir_join (workdir, "file");

  touch (workdir, "file");
  vq_workdir_sweep (parent);
  ck_assert_int_eq (access (file, F_OK), 0);
  for_each_janitor (kill_and_reap);
  vq_workdir_sweep (parent);
  ck_assert_int_eq (access (file, F_OK), 0);
}

/* With a lock that nobody holds; what is not made as we do it is not ours. */
TEST (not_swept)
{
  static const struct
  {
    const char *name, *lock;
    mode_t mode;
  } cases[] = {
    { "virt-qemu.abcde", "lock", 0700 },  { "virt-qemu.abcdefg", "lock", 0700 },
    { "virt-qemv.abcdef", "lock", 0700 }, { "virt-qemu.abcdef", ".lock", 0700 },
    { "virt-qemu.abcdef", "lock", 0755 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_build_filename (parent, cases[i].name, NULL);
      g_autofree char *file = g_build_filename (path, cases[i].lock, NULL);

      ck_assert_int_eq (g_mkdir (path, 0700), 0);
      ck_assert (g_file_set_contents (file, "", 0, NULL));
      ck_assert_int_eq (chmod (path, cases[i].mode), 0);
      vq_workdir_sweep (parent);
      ck_assert_int_eq (g_unlink (file), 0);
      ck_assert_int_eq (g_rmdir (path), 0);
    }
  vq_workdir_sweep ("/nonexistent");
}

/* Nor what another user made, who could have put anything into it. */
TEST (not_swept_of_another_user)
{
  g_autofree char *path = g_build_filename (parent, "virt-qemu.abcdef", NULL);
  g_autofree char *file = g_build_filename (path, "lock", NULL);

  if (geteuid () != 0)
    SKIP ("only root can give a directory away");
  ck_assert_int_eq (g_mkdir (path, 0700), 0);
  ck_assert (g_file_set_contents (file, "", 0, NULL));
  ck_assert_int_eq (chown (path, 4321, 4321), 0);
  vq_workdir_sweep (parent);
  ck_assert_int_eq (g_unlink (file), 0);
  ck_assert_int_eq (g_rmdir (path), 0);
}

/* Nor is what a link leads to. */
TEST (link_is_not_followed)
{
  g_autofree char *target = g_build_filename (parent, "target", NULL);
  g_autofree char *file = g_build_filename (target, "lock", NULL);
  g_autofree char *link = g_build_filename (parent, "virt-qemu.abcdef", NULL);

  ck_assert_int_eq (g_mkdir (target, 0700), 0);
  ck_assert (g_file_set_contents (file, "", 0, NULL));
  ck_assert_int_eq (symlink (target, link), 0);
  vq_workdir_sweep (parent);
  ck_assert_int_eq (g_unlink (link), 0);
  ck_assert_int_eq (g_unlink (file), 0);
  ck_assert_int_eq (g_rmdir (target), 0);
}
