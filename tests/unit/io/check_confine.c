// SPDX-License-Identifier: GPL-2.0-or-later
/* What a confined process can still do: each question is answered by a child, as nothing is taken
 * back. */
#include "io/confine.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "leaks.h"
#include "suite.h"
#include "tree.h"

#define MIB (1024 * 1024)
#define NOT_CONFINED 255

static char *base;
static char *inside; /* a directory */

static void
setup (void)
{
  g_autofree char *directory = NULL;
  g_autofree char *file = NULL;
  g_autofree char *outside = NULL;

  leaks_begin ();
  base = g_dir_make_tmp ("vq-confine-XXXXXX", NULL);
  inside = g_build_filename (base, "inside", NULL);
  directory = g_build_filename (inside, "directory", NULL);
  file = g_build_filename (inside, "file", NULL);
  outside = g_build_filename (base, "outside", NULL);
  ck_assert_int_eq (g_mkdir_with_parents (directory, 0700), 0);
  ck_assert (g_file_set_contents (file, "text", -1, NULL));
  ck_assert (g_file_set_contents (outside, "text", -1, NULL));
}

static void
teardown (void)
{
  tree_remove (base);
  g_clear_pointer (&base, g_free);
  g_clear_pointer (&inside, g_free);
  leaks_assert_none ();
}

typedef int (*Question) (void); /* answers with 0 or errno, in the directory base */

typedef struct
{
  gboolean everywhere; /* no directory is given */
  VqConfineRight right;
  gboolean several; /* a list of directories */
} Confinement;

static gboolean
confine (const Confinement *confinement)
{
  const char *const directories[] = { "missing", inside, NULL };

  return confinement->several
             ? vq_confine_files_to (directories)
             : vq_confine_files (confinement->everywhere ? NULL : inside, confinement->right);
}

static int
answer (Question question, const Confinement *confinement)
{
  pid_t pid = fork ();
  int status;

  ck_assert_int_ge (pid, 0);
  if (pid == 0)
    {
      vq_confine_process (0);
      if (chdir (base) != 0 || !confine (confinement))
        _exit (NOT_CONFINED);
      _exit (question ());
    }
  ck_assert_int_eq (waitpid (pid, &status, 0), pid);
  ck_assert (WIFEXITED (status));
  return WEXITSTATUS (status);
}

static int
number (gboolean done)
{
  return done ? 0 : errno;
}

static int
reads_inside (void)
{
  return number (open ("inside/file", O_RDONLY | O_CLOEXEC) >= 0);
}

static int
lists_inside (void)
{
  return number (open ("inside/directory", O_RDONLY | O_DIRECTORY | O_CLOEXEC) >= 0);
}

static int
writes_inside (void)
{
  int fd = open ("inside/new", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

  return number (fd >= 0 && write (fd, "x", 1) == 1 && ftruncate (fd, 10) == 0);
}

static int
changes_tree (void)
{
  return number (mkdir ("inside/new", 0700) == 0 && symlink ("x", "inside/new/link") == 0
                 && link ("inside/file", "inside/new/file") == 0 && unlink ("inside/file") == 0
                 && rmdir ("inside/directory") == 0);
}

static int
makes_device (void)
{
  return number (mknod ("inside/fifo", S_IFIFO | 0600, 0) == 0);
}

static int
reads_outside (void)
{
  return number (open ("outside", O_RDONLY | O_CLOEXEC) >= 0);
}

static int
writes_outside (void)
{
  return number (open ("outside", O_WRONLY | O_CLOEXEC) >= 0);
}

static int
makes_outside (void)
{
  return number (mkdir ("new", 0700) == 0);
}

static int
removes_outside (void)
{
  return number (unlink ("outside") == 0);
}

static int
runs_something (void)
{
  return number (execl ("/bin/true", "true", NULL) == 0);
}

static const struct
{
  Question question;
  gboolean may_reader, may_writer;
} questions[] = {
  { reads_inside, TRUE, FALSE },     { lists_inside, TRUE, FALSE },
  { writes_inside, FALSE, TRUE },    { changes_tree, FALSE, TRUE },
  { makes_device, FALSE, FALSE },    { reads_outside, FALSE, FALSE },
  { writes_outside, FALSE, FALSE },  { makes_outside, FALSE, FALSE },
  { removes_outside, FALSE, FALSE }, { runs_something, FALSE, FALSE },
};

CASE ("confine", setup, teardown, 60)

TEST_LOOP (files, 0, G_N_ELEMENTS (questions))
{
  const Confinement reader = { FALSE, VQ_CONFINE_READ };
  const Confinement writer = { FALSE, VQ_CONFINE_WRITE };
  const Confinement nothing = { TRUE, VQ_CONFINE_WRITE };
  const Confinement several = { .several = TRUE };

  if (answer (questions[_i].question, &nothing) == NOT_CONFINED)
    SKIP ("this kernel has no Landlock");
  ck_assert_int_eq (answer (questions[_i].question, &nothing), EACCES);
  ck_assert_int_eq (answer (questions[_i].question, &reader),
                    questions[_i].may_reader ? 0 : EACCES);
  ck_assert_int_eq (answer (questions[_i].question, &several),
                    questions[_i].may_reader ? 0 : EACCES);
  ck_assert_int_eq (answer (questions[_i].question, &writer),
                    questions[_i].may_writer ? 0 : EACCES);
}

TEST (missing_directory)
{
  g_autofree char *missing = g_build_filename (base, "missing", NULL);
  vq_autofd int fd = -1;

  ck_assert (!vq_confine_files (missing, VQ_CONFINE_READ));
  fd = open (inside, O_RDONLY | O_CLOEXEC);
  ck_assert_int_ge (fd, 0);
}

/* In a child: 0 if all is as it should be, else the number of what is not. */
static int
check_limits (void)
{
  struct rlimit core, processes;

  vq_confine_process (64 * MIB);
  getrlimit (RLIMIT_CORE, &core);
  getrlimit (RLIMIT_NPROC, &processes);
  if (prctl (PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
    return 1;
  if (core.rlim_max != 0 || processes.rlim_max != 0)
    return 2;
  if (mmap (NULL, 32 * MIB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED)
    return 3;
  return mmap (NULL, 65 * MIB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? 0 : 4;
}

TEST (limits)
{
  pid_t pid = fork ();
  int status;

  ck_assert_int_ge (pid, 0);
  if (pid == 0)
    _exit (check_limits ());
  ck_assert_int_eq (waitpid (pid, &status, 0), pid);
  ck_assert_int_eq (status, 0);
}
