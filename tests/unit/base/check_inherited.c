// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/inherited.h"

#include <check.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "suite.h"

/* Exit status where a limit cannot be set, as under valgrind. */
#define CANNOT 100

static const int signals[] = { SIGCHLD, SIGPIPE, SIGXFSZ };

static gboolean
is_ignored (int signum)
{
  struct sigaction action;

  return sigaction (signum, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

static gboolean
is_anything_blocked (void)
{
  sigset_t now;

  sigprocmask (SIG_SETMASK, NULL, &now);
  return !sigisemptyset (&now);
}

static void
set_limit (int resource, rlim_t soft, rlim_t hard)
{
  const struct rlimit limit = { soft, hard };

  if (setrlimit (resource, &limit) != 0)
    _exit (CANNOT);
}

static rlim_t
get_soft (int resource)
{
  struct rlimit limit;

  return getrlimit (resource, &limit) == 0 ? limit.rlim_cur : 0;
}

/* Runs CHECK in a process of its own, whose state a test may spoil, and gives what it returns. */
static int
run (int (*check) (void))
{
  pid_t pid = fork ();
  int status;

  if (pid == 0)
    _exit (check ());
  ck_assert_int_eq (waitpid (pid, &status, 0), pid);
  ck_assert_msg (WIFEXITED (status), "wait status %#x", status);
  return WEXITSTATUS (status);
}

static void
spoil (void)
{
  sigset_t all;

  sigfillset (&all);
  sigprocmask (SIG_SETMASK, &all, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (signals); i++)
    signal (signals[i], SIG_IGN);
  for (int fd = 0; fd < 3; fd++)
    close (fd);
  umask (0777);
  set_limit (RLIMIT_NOFILE, 20, 2000);
  set_limit (RLIMIT_STACK, 256 * 1024, RLIM_INFINITY);
}

/* Each returns 0, or the number of the check that failed. */
static int
check_settled (void)
{
  spoil ();
  if (!vq_inherited_settle (NULL))
    return 1;
  if (is_anything_blocked () || is_ignored (SIGCHLD) || !is_ignored (SIGPIPE)
      || !is_ignored (SIGXFSZ))
    return 2;
  if (write (1, "x", 1) != 1 || read (0, &(char){ 0 }, 1) != 0 || write (2, "x", 1) != 1)
    return 3;
  if (get_soft (RLIMIT_NOFILE) != 1024 || get_soft (RLIMIT_STACK) != 8 * 1024 * 1024)
    return 4;
  return umask (0) == 077 ? 0 : 5;
}

static int
check_given_back (void)
{
  spoil ();
  if (!vq_inherited_settle (NULL))
    return 1;
  set_limit (RLIMIT_NOFILE, 2000, 2000); /* we may need many */
  vq_inherited_give_back ();
  for (gsize i = 0; i < G_N_ELEMENTS (signals); i++)
    if (is_ignored (signals[i]))
      return 2;
  return get_soft (RLIMIT_NOFILE) == 1024 ? 0 : 3;
}

static int
check_too_few_files (void)
{
  g_autoptr (GError) error = NULL;

  set_limit (RLIMIT_NOFILE, 127, 127);
  if (vq_inherited_settle (&error))
    return 1;
  return strstr (error->message, "only 127 files may be open at once, but 128 are needed") != NULL
             ? 0
             : 2;
}

static int
check_large_file (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *note = NULL;
  g_autofree char *on_signal = NULL;
  g_autofree char *other = vq_inherited_note_on_text ("No space left on device");

  set_limit (RLIMIT_FSIZE, 5 * 1024 * 1024, RLIM_INFINITY);
  vq_error_set_errno (&error, EFBIG, "cannot write");
  note = vq_inherited_note_on_text ("qemu-img: File too large");
  on_signal = vq_inherited_note_on_signal (SIGXFSZ);
  if (strcmp (note, " (no file may be larger than 5.0 MiB here: raise that limit, ulimit -f)") != 0)
    return 1;
  if (!g_str_has_suffix (error->message, note) || strcmp (on_signal, note) != 0)
    return 2;
  return other[0] == '\0' ? 0 : 3;
}

static int
check_little_memory (void)
{
  g_autofree char *note = NULL;
  g_autofree char *on_signal = NULL;
  g_autofree char *other = vq_inherited_note_on_signal (SIGKILL);

  set_limit (RLIMIT_AS, 64UL << 40, RLIM_INFINITY); /* the sanitizer needs 20 TiB */
  note = vq_inherited_note_on_text ("Cannot allocate memory");
  on_signal = vq_inherited_note_on_signal (SIGSEGV);
  if (strcmp (note, " (no process may use more than 64 TiB of memory here: raise that limit, "
                    "ulimit -v)")
      != 0)
    return 1;
  return strcmp (on_signal, note) == 0 && other[0] == '\0' ? 0 : 2;
}

static int
check_no_limit (void)
{
  g_autofree char *note = vq_inherited_note_on_text ("qemu-img: File too large");

  return strcmp (note, "");
}

CASE ("inherited", NULL, NULL, 20)

TEST (settles_everything)
{
  int status = run (check_settled);

  if (status == CANNOT)
    SKIP ("the limits cannot be set here");
  ck_assert_int_eq (status, 0);
}

TEST (gives_back_to_children)
{
  int status = run (check_given_back);

  if (status == CANNOT)
    SKIP ("the limits cannot be set here");
  ck_assert_int_eq (status, 0);
}

TEST (needs_some_files)
{
  int status = run (check_too_few_files);

  if (status == CANNOT)
    SKIP ("the limits cannot be set here");
  ck_assert_int_eq (status, 0);
}

TEST (explains_limits)
{
  ck_assert_int_eq (run (check_large_file), 0);
  ck_assert_int_eq (run (check_little_memory), 0);
  ck_assert_int_eq (run (check_no_limit), 0);
}
