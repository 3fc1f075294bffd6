// SPDX-License-Identifier: GPL-2.0-or-later
#include "io/child.h"

#include <check.h>
#include <malloc.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "leaks.h"
#include "suite.h"

#define PATIENCE 20 /* seconds; for things that take little */

static void
teardown (void)
{
  leaks_assert_none ();
  ck_assert (!g_main_context_pending (NULL));
}

static VqChild *
spawn_shell (const char *script, const VqChildOptions *options)
{
  const char *const argv[] = { "sh", "-c", script, NULL };
  g_autoptr (GError) error = NULL;
  VqChild *child = vq_child_spawn (argv, options, &error);

  ck_assert_msg (child != NULL, "%s", error != NULL ? error->message : "");
  return child;
}

static void
await_end (VqChild *child)
{
  ck_assert (vq_child_wait (child, vq_deadline_in (PATIENCE), NULL, NULL));
  ck_assert (vq_child_has_ended (child));
}

/* What SCRIPT writes to its stdout. */
static char *
run_shell (const char *script, const VqChildOptions *options)
{
  const char *const argv[] = { "sh", "-c", script, NULL };
  g_autoptr (GError) error = NULL;
  char *out = NULL;
  gboolean ok = vq_child_run (argv, options, &out, vq_deadline_in (PATIENCE), NULL, &error);

  ck_assert_msg (ok, "%s", error != NULL ? error->message : "");
  return out;
}

static void
assert_run_fails (const char *script, double seconds, VqErrorCode code, const char *message)
{
  const char *const argv[] = { "sh", "-c", script, NULL };
  g_autoptr (GError) error = NULL;
  char *out = (char *)"unset";

  ck_assert (!vq_child_run (argv, NULL, &out, vq_deadline_in (seconds), NULL, &error));
  ck_assert (g_error_matches (error, VQ_ERROR, code));
  if (!g_str_has_prefix (error->message, message))
    ck_assert_str_eq (error->message, message);
  ck_assert_str_eq (out, "unset");
}

static void
count_end (VqChild *child, gpointer data)
{
  ck_assert (vq_child_has_ended (child));
  (*(guint *)data)++;
}

CASE ("child", leaks_begin, teardown, 60)

TEST (endings)
{
  static const struct
  {
    const char *script;
    int exited, signalled;
  } cases[] = {
    { "exit 0", 0, 0 },
    { "exit 1", 1, 0 },
    { "exit 255", 255, 0 },
    { "kill -TERM $$", 0, SIGTERM },
    { "kill -KILL $$", 0, SIGKILL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (VqChild) child = spawn_shell (cases[i].script, NULL);
      guint n_ends = 0;
      int status;

      ck_assert (!vq_child_has_ended (child));
      vq_child_on_ended (child, count_end, &n_ends);
      await_end (child);
      await_end (child);
      ck_assert_uint_eq (n_ends, 1);
      status = vq_child_get_status (child);
      if (cases[i].signalled != 0)
        ck_assert (WIFSIGNALED (status) && WTERMSIG (status) == cases[i].signalled);
      else
        ck_assert (WIFEXITED (status) && WEXITSTATUS (status) == cases[i].exited);
      vq_child_kill (child, SIGKILL); /* too late: nothing */
    }
}

TEST (killed_by_us)
{
  g_autoptr (VqChild) child = spawn_shell ("exec sleep 100", NULL);

  ck_assert (kill (vq_child_get_pid (child), 0) == 0);
  vq_child_kill (child, SIGTERM);
  await_end (child);
  ck_assert_int_eq (WTERMSIG (vq_child_get_status (child)), SIGTERM);
}

/* One that ignores signals, one that has ended already but was not seen to, and none. */
TEST (freed)
{
  VqChild *child = spawn_shell ("trap '' TERM; sleep 100", NULL);
  pid_t pid = vq_child_get_pid (child);
  siginfo_t info;

  vq_child_free (child);
  ck_assert_int_eq (kill (pid, 0), -1);
  child = spawn_shell ("exit 3", NULL);
  ck_assert_int_eq (waitid (P_PID, vq_child_get_pid (child), &info, WEXITED | WNOWAIT), 0);
  vq_child_free (child);
  vq_child_free (NULL);
}

/* What it started itself goes with it. */
TEST (freed_with_its_group)
{
  VqChild *child;
  VqChildOptions options = { .stdout_fd = -1 };
  int ends[2];
  char byte;

  ck_assert_int_eq (pipe2 (ends, O_CLOEXEC), 0);
  options.stdout_fd = ends[1];
  child = spawn_shell ("sleep 1000 & echo; wait", &options);
  close (ends[1]);
  ck_assert_int_eq (read (ends[0], &byte, 1), 1);
  vq_child_free (child);
  ck_assert (vq_wait_fd (ends[0], G_IO_IN, vq_deadline_in (PATIENCE), NULL, "end", NULL));
  ck_assert_int_eq (read (ends[0], &byte, 1), 0);
  close (ends[0]);
}

TEST (stderr_text)
{
  static const char *const cases[][2] = {
    { ":", "" },
    { "echo one >&2", "one" },
    { "printf 'one\\n\\ntwo\\r\\n  three  \\n\\n' >&2; exit 1", "one; two; three" },
    { "printf '\\033[2Jclear\\ta\\000b\\377' >&2", "clear a b\xef\xbf\xbd" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (VqChild) child = spawn_shell (cases[i][0], NULL);
      g_autofree char *text = NULL;

      await_end (child);
      text = vq_child_get_stderr (child);
      ck_assert_str_eq (text, cases[i][1]);
    }
}

/* Only the end is kept, and all of it is there when the end of the child is. */
TEST (much_stderr)
{
  g_autoptr (VqChild) child
      = spawn_shell ("head -c 300000 /dev/zero | tr '\\0' x >&2; echo >&2; echo last >&2", NULL);
  g_autofree char *text = NULL;

  await_end (child);
  text = vq_child_get_stderr (child);
  ck_assert_uint_le (strlen (text), 4200);
  ck_assert_uint_gt (strlen (text), 3000);
  ck_assert (g_str_has_suffix (text, "x; last"));
}

/* What is not kept takes no memory either. */
TEST (much_stderr_in_little_memory)
{
  size_t before = mallinfo2 ().uordblks + mallinfo2 ().hblkhd;
  g_autoptr (VqChild) child = spawn_shell ("head -c 20000000 /dev/zero >&2", NULL);

  await_end (child);
  ck_assert_uint_lt (mallinfo2 ().uordblks + mallinfo2 ().hblkhd, before + 1000000);
}

/* Everything else goes on, and deadlines hold, while it writes without end. */
TEST (endless_stderr)
{
  g_autoptr (VqChild) child = spawn_shell ("exec yes >&2", NULL);
  g_autoptr (GError) error = NULL;

  ck_assert (!vq_child_wait (child, vq_deadline_in (0.2), NULL, &error));
  ck_assert (vq_error_is_timeout (error));
}

/* A process that it leaves behind holds, and fills, its stderr. */
TEST (stderr_held_by_another)
{
  g_autoptr (VqChild) child = spawn_shell ("yes >&2 & echo $! >&2; exit 2", NULL);

  await_end (child);
  ck_assert_int_eq (WEXITSTATUS (vq_child_get_status (child)), 2);
  /* "yes" gets SIGPIPE when the pipe is closed. */
}

TEST (waiting)
{
  g_autoptr (VqChild) child = spawn_shell ("exec sleep 100", NULL);
  g_autoptr (VqCancel) cancel = vq_cancel_new (NULL);
  g_autoptr (GError) reason = g_error_new_literal (VQ_ERROR, VQ_ERROR_CANCELLED, "stop");
  g_autoptr (GError) late = NULL;
  g_autoptr (GError) stopped = NULL;

  ck_assert (!vq_child_wait (child, vq_deadline_in (0.02), cancel, &late));
  ck_assert (vq_error_is_timeout (late));
  ck_assert_ptr_nonnull (strstr (late->message, "sh"));
  vq_cancel_trigger (cancel, reason);
  ck_assert (!vq_child_wait (child, vq_deadline_in (PATIENCE), cancel, &stopped));
  ck_assert (vq_error_is_cancelled (stopped));
  ck_assert (!vq_child_has_ended (child));
}

TEST (missing_program)
{
  static const char *const programs[]
      = { "no-such-program-here", "/no/such/program", "/etc/passwd", "/" };

  for (guint i = 0; i < G_N_ELEMENTS (programs); i++)
    {
      const char *const argv[] = { programs[i], NULL };
      g_autoptr (GError) error = NULL;
      g_autoptr (GError) run_error = NULL;

      ck_assert_ptr_null (vq_child_spawn (argv, NULL, &error));
      ck_assert_ptr_nonnull (error);
      ck_assert (!vq_child_run (argv, NULL, NULL, vq_deadline_in (PATIENCE), NULL, &run_error));
      ck_assert_ptr_nonnull (run_error);
    }
}

TEST (run)
{
  g_autofree char *out = run_shell ("echo out; echo err >&2", NULL);
  g_autofree char *nothing = run_shell (":", NULL);
  const char *const argv[] = { "echo", "ignored", NULL };

  ck_assert_str_eq (out, "out\n");
  ck_assert_str_eq (nothing, "");
  ck_assert (vq_child_run (argv, NULL, NULL, vq_deadline_in (PATIENCE), NULL, NULL));
}

TEST (failed_run)
{
  assert_run_fails ("echo out; echo 'it is' >&2; echo broken >&2; exit 7", PATIENCE,
                    VQ_ERROR_FAILED, "sh: it is; broken");
  assert_run_fails ("exit 7", PATIENCE, VQ_ERROR_FAILED, "sh: exit status 7");
  assert_run_fails ("kill -9 $$", PATIENCE, VQ_ERROR_FAILED, "sh: killed by signal 9 (Killed)");
}

/* Killed and reaped, whether it holds its stdout open or not. */
TEST (run_past_deadline)
{
  assert_run_fails ("exec sleep 100", 0.1, VQ_ERROR_TIMEOUT, "sh: no end of ");
  assert_run_fails ("exec sleep 100 >&-", 0.1, VQ_ERROR_TIMEOUT, "sh: no end of ");
}

TEST (stdout_limits)
{
  for (int over = -1; over <= 1; over++)
    {
      g_autofree char *script
          = g_strdup_printf ("head -c %d /dev/zero | tr '\\0' x", 1024 * 1024 + over);
      g_autofree char *out = NULL;

      if (over <= 0)
        {
          out = run_shell (script, NULL);
          ck_assert_uint_eq (strlen (out), 1024 * 1024 + over);
        }
      else
        assert_run_fails (script, PATIENCE, VQ_ERROR_FAILED,
                          "sh: more than 1048576 bytes of output");
    }
  assert_run_fails ("exec yes", PATIENCE, VQ_ERROR_FAILED, "sh: more than 1048576 bytes of output");
}

TEST (cancelled_run)
{
  const char *const argv[] = { "sleep", "100", NULL };
  g_autoptr (VqCancel) cancel = vq_cancel_new (NULL);
  g_autoptr (GError) reason = g_error_new_literal (VQ_ERROR, VQ_ERROR_CANCELLED, "stop");
  g_autoptr (GError) error = NULL;

  vq_cancel_trigger (cancel, reason);
  ck_assert (!vq_child_run (argv, NULL, NULL, vq_deadline_in (PATIENCE), cancel, &error));
  ck_assert (vq_error_is_cancelled (error));
  ck_assert_str_eq (error->message, "sleep: stop");
}

/* Ours are not close-on-exec, and not in the child; 3 is the directory that the shell reads. */
TEST (descriptors)
{
  int ends[2];
  g_autofree char *out = NULL;
  g_autofree char *kept = NULL;
  g_auto (GStrv) names = NULL;
  int keep[2];
  VqChildOptions options = { .keep_fds = keep, .n_keep_fds = 2 };

  ck_assert_int_eq (pipe (ends), 0);
  out = run_shell ("cd /proc/$$/fd; echo *; readlink 0", NULL);
  ck_assert_str_eq (out, "0 1 2 3\n/dev/null\n");
  keep[0] = fcntl (ends[0], F_DUPFD_CLOEXEC, 7);
  keep[1] = fcntl (ends[1], F_DUPFD_CLOEXEC, keep[0] + 2);
  kept = run_shell ("cd /proc/$$/fd; echo *", &options);
  names = g_strsplit (g_strchomp (kept), " ", -1);
  ck_assert_uint_eq (g_strv_length (names), 6);
  for (guint i = 0; i < 2; i++)
    {
      g_autofree char *name = g_strdup_printf ("%d", keep[i]);

      ck_assert (g_strv_contains ((const char *const *)names, name));
    }
  ck_assert_int_eq (fcntl (keep[0], F_GETFD), FD_CLOEXEC); /* ours are as before */
  for (guint i = 0; i < 2; i++)
    {
      close (ends[i]);
      close (keep[i]);
    }
}

/* As QEMU is started: its stdout is our stderr, its stderr is kept. */
TEST (stdout_to_our_stderr)
{
  int saved = fcntl (STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
  VqChildOptions options = { .stdout_fd = STDERR_FILENO };
  g_autoptr (VqChild) child = NULL;
  g_autofree char *text = NULL;
  char buffer[100] = "";
  int ends[2];

  ck_assert_int_eq (pipe2 (ends, O_CLOEXEC), 0);
  ck_assert_int_eq (dup2 (ends[1], STDERR_FILENO), STDERR_FILENO);
  child = spawn_shell ("echo out; echo err >&2", &options);
  await_end (child);
  dup2 (saved, STDERR_FILENO);
  close (saved);
  close (ends[1]);
  ck_assert_int_eq (read (ends[0], buffer, sizeof buffer - 1), 4);
  ck_assert_str_eq (buffer, "out\n");
  close (ends[0]);
  text = vq_child_get_stderr (child);
  ck_assert_str_eq (text, "err");
}

TEST (limits)
{
  VqChildOptions cpu = { .stdout_fd = -1, .cpu_seconds = 1 };
  VqChildOptions both = { .cpu_seconds = 5, .address_space = 512 * 1024 * 1024 };
  g_autoptr (VqChild) busy = spawn_shell ("while :; do :; done", &cpu);
  g_autofree char *out = run_shell ("ulimit -t; ulimit -v", &both);
  g_autofree char *none = run_shell ("ulimit -t; ulimit -v", NULL);

  ck_assert_str_eq (out, "5\n524288\n");
  ck_assert_str_eq (none, "unlimited\nunlimited\n");
  await_end (busy);
  ck_assert (WIFSIGNALED (vq_child_get_status (busy)));
}

/* 32 and 33 belong to the C library: nobody can change them, and some programs pass them on. */
#define LIBC_SIGNALS 0x180000000UL

/* Its own group, no blocked signals, none ignored that we ignore. */
TEST (signals_and_group)
{
  sigset_t all, before;
  gulong blocked, ignored;
  g_autofree char *out = NULL;
  g_autoptr (VqChild) child = NULL;

  signal (SIGINT, SIG_DFL); /* who started the tests in the background ignores these two */
  signal (SIGQUIT, SIG_DFL);
  sigfillset (&all);
  sigdelset (&all, SIGCHLD); /* GLib needs it where the kernel has no pidfd */
  sigprocmask (SIG_SETMASK, &all, &before);
  signal (SIGPIPE, SIG_IGN);
  out = run_shell ("exec grep -E 'Sig(Blk|Ign)' /proc/self/status", NULL);
  child = spawn_shell ("exec sleep 100", NULL);
  sigprocmask (SIG_SETMASK, &before, NULL);
  signal (SIGPIPE, SIG_DFL);
  ck_assert_int_eq (sscanf (out, "SigBlk: %lx SigIgn: %lx", &blocked, &ignored), 2);
  ck_assert_uint_eq (blocked, 0);
  ck_assert_uint_eq (ignored & ~LIBC_SIGNALS, 0);
  ck_assert_int_eq (getpgid (vq_child_get_pid (child)), vq_child_get_pid (child));
}

/* A process that spawns a child through us, tells its pid, and is killed. */
static void G_GNUC_NORETURN
be_killed (int fd)
{
  const char *const argv[] = { "sleep", "1000", NULL };
  VqChildOptions options = { .stdout_fd = -1, .keep_fds = &fd, .n_keep_fds = 1 };
  VqChild *child = vq_child_spawn (argv, &options, NULL);
  pid_t pid = vq_child_get_pid (child);

  if (write (fd, &pid, sizeof pid) == sizeof pid)
    raise (SIGKILL);
  abort ();
}

/* The child holds the pipe as long as it lives. */
TEST (no_orphan)
{
  int ends[2];
  pid_t helper, pid;

  ck_assert_int_eq (pipe2 (ends, O_CLOEXEC), 0);
  helper = fork ();
  if (helper == 0)
    be_killed (ends[1]);
  close (ends[1]);
  ck_assert_int_eq (waitpid (helper, NULL, 0), helper);
  ck_assert_int_eq (read (ends[0], &pid, sizeof pid), sizeof pid);
  ck_assert (vq_wait_fd (ends[0], G_IO_IN, vq_deadline_in (PATIENCE), NULL, "end", NULL));
  ck_assert_int_eq (read (ends[0], &pid, 1), 0);
  close (ends[0]);
}

static void
free_it (VqChild *child, gpointer data)
{
  g_clear_pointer ((VqChild **)data, vq_child_free);
}

static gboolean
is_gone (gpointer data)
{
  return *(VqChild **)data == NULL;
}

TEST (freed_by_its_callback)
{
  VqChild *child = spawn_shell ("exit 1", NULL);

  vq_child_on_ended (child, free_it, &child);
  ck_assert (vq_wait_until (is_gone, &child, vq_deadline_in (PATIENCE), NULL, "it", NULL));
}
