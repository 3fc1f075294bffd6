// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/run-once.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "channel/channel-call.h"
#include "helper/helper-wire.h"
#include "io/workdir.h"
#include "pull/pull-url.h"
#include "run/run-logs.h"
#include "run/run-test.h"
#include "run/stream-tee.h"
#include "testbed/testbed.h"

/* How many seconds it may take to fetch the test's files afterwards. */
#define COLLECT_SECONDS 300

#define TEST_PATH VQ_RUN_REQUEST_TEST_DIR "/" VQ_RUN_REQUEST_TEST_NAME

static const char test_script[] =
#include "run/run-test.sh.inc"
    ;

/* stdout and stderr of the test. */
#define N_STREAMS 2

typedef struct
{
  const VqRunRequest *request;
  VqServed *machine;
  VqStreamTee *tees[N_STREAMS];
  int log;          /* test.log; -1: there is no directory for logs */
  GError *trouble;  /* why test.log is not complete */
  VqCancel *cancel; /* of everything */
} Run;

static void
run_clear (Run *run)
{
  for (int i = 0; i < N_STREAMS; i++)
    g_clear_pointer (&run->tees[i], vq_stream_tee_free);
  g_clear_error (&run->trouble);
  vq_fd_clear (&run->log);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Run, run_clear)

static const char *
get_log_dir (const Run *run)
{
  return run->request->options->log_dir;
}

static VqChannel *
get_channel (const Run *run)
{
  return run->machine->class->get_channel (run->machine);
}

/* The machine's: it is triggered when the machine has ended, too. */
static VqCancel *
get_cancel (const Run *run)
{
  return run->machine->class->get_cancel (run->machine);
}

static void
on_full (const GError *error, gpointer data)
{
  Run *run = data;

  if (run->trouble == NULL)
    run->trouble = g_error_copy (error);
}

/* Begins to copy what is written to *FD, which is set, to our descriptor WATCHER and to the log. */
static VqStreamTee *
open_stream (Run *run, int watcher, int *fd, GError **error)
{
  int ends[2];
  VqStreamTee *tee;

  if (pipe2 (ends, O_CLOEXEC) < 0)
    {
      vq_error_set_errno (error, errno, "cannot make a pipe");
      return NULL;
    }
  *fd = ends[1];
  tee = vq_stream_tee_new (ends[0], fcntl (watcher, F_DUPFD_CLOEXEC, 3),
                           run->log >= 0 ? fcntl (run->log, F_DUPFD_CLOEXEC, 3) : -1);
  vq_stream_tee_on_full (tee, on_full, run);
  return tee;
}

static gboolean
open_streams (Run *run, int fds[N_STREAMS], GError **error)
{
  for (int i = 0; i < N_STREAMS; i++)
    {
      run->tees[i] = open_stream (run, i == 0 ? STDOUT_FILENO : STDERR_FILENO, &fds[i], error);
      if (run->tees[i] != NULL)
        continue;
      if (i > 0)
        close (fds[0]);
      return FALSE;
    }
  return TRUE;
}

static void
add_words (GPtrArray *argv, const char *const *words)
{
  for (; *words != NULL; words++)
    g_ptr_array_add (argv, (gpointer)*words);
}

/* The words of the command that takes the test from its stdin and runs it. */
static GPtrArray *
build_argv (const Run *run)
{
  const char *const command[] = { "sh", "-c", test_script, "sh", NULL };
  const char *program = get_channel (run)->class->file_program;
  const char *const self[] = { program, VQ_HELPER_TEST, TEST_PATH, NULL };
  GPtrArray *argv = g_ptr_array_new ();

  G_STATIC_ASSERT (G_N_ELEMENTS (command) == VQ_HELPER_TEST_WORDS + 1);
  G_STATIC_ASSERT (G_N_ELEMENTS (self) == VQ_HELPER_SELF_WORDS + 1);
  add_words (argv, program != NULL ? self : self + VQ_HELPER_SELF_WORDS);
  add_words (argv, command);
  add_words (argv, run->request->test + 1);
  g_ptr_array_add (argv, NULL);
  return argv;
}

static gboolean
have_ended (gpointer data)
{
  Run *run = data;

  return vq_stream_tee_has_ended (run->tees[0]) && vq_stream_tee_has_ended (run->tees[1]);
}

static gint64
get_deadline (int seconds)
{
  return vq_deadline_in (seconds > 0 ? seconds : G_MAXDOUBLE);
}

/* Runs TEST, and waits for its end and for all its output. */
static gboolean
run_test (Run *run, VqRunTest *test, VqEnd *end, GError **error)
{
  g_autoptr (GPtrArray) argv = build_argv (run);
  vq_autofd int in = vq_run_test_open_reader (test, error);
  int fds[N_STREAMS];
  gboolean ended;

  if (in < 0 || !open_streams (run, fds, error))
    return FALSE;
  ended = vq_channel_call_finish (
      vq_channel_call_start (get_channel (run), (const char *const *)argv->pdata, g_steal_fd (&in),
                             fds[0], fds[1]),
      "end of the test", get_deadline (run->request->timeout), get_cancel (run), end, error);
  return vq_wait_until (have_ended, run, get_deadline (0), run->cancel, "end of the test's output",
                        ended ? error : NULL)
         && ended;
}

static gboolean
never (gpointer data)
{
  return FALSE;
}

/* What the test has started may go on for a while. */
static void
linger (const Run *run)
{
  g_autoptr (GError) error = NULL;

  if (run->request->time_wait > 0
      && !vq_wait_until (never, NULL, vq_deadline_in (run->request->time_wait), get_cancel (run),
                         "more time", &error)
      && !vq_error_is_timeout (error))
    g_warning ("the machine has ended within --time-wait: %s", error->message);
}

static void
collect (const Run *run)
{
  g_autoptr (GError) error = NULL;

  if (get_log_dir (run) != NULL && vq_cancel_reason (get_cancel (run)) == NULL
      && !vq_run_logs_collect (get_log_dir (run), get_channel (run),
                               vq_deadline_in (COLLECT_SECONDS), get_cancel (run), &error))
    g_warning ("cannot fetch the files of " VQ_HELPER_TEST_LOGS ": %s", error->message);
}

/* What a person would see on the screen of a machine in which the test has failed. */
static void
keep_screen (const Run *run, VqTestbed *testbed)
{
  g_autofree char *qmp = NULL;

  if (get_log_dir (run) == NULL || vq_testbed_get_pid (testbed) == 0)
    return;
  qmp = g_build_filename (vq_testbed_get_directory (testbed), "qmp", NULL);
  vq_run_logs_keep_screen (get_log_dir (run), qmp);
}

static int
get_status (const VqEnd *end)
{
  return end->kind == VQ_ENDED_EXITED ? end->value : VQ_RUN_ONCE_SIGNAL + end->value;
}

/* Runs the test in the machine, which is there. Returns the exit status. */
static int
run_in (Run *run, VqTestbed *testbed, VqRunTest *test, GError **error)
{
  g_autoptr (GError) why = NULL;
  VqEnd end = { VQ_ENDED_EXITED, VQ_RUN_ONCE_FAILED, NULL };
  gboolean ran = run_test (run, test, &end, &why);
  int status = ran                         ? get_status (&end)
               : vq_error_is_timeout (why) ? VQ_RUN_ONCE_TIMEOUT
                                           : VQ_RUN_ONCE_FAILED;

  if (ran)
    linger (run);
  if (status != 0)
    keep_screen (run, testbed);
  collect (run);
  if (!ran)
    g_propagate_error (error, g_steal_pointer (&why));
  return status;
}

/* The test has ended with STATUS, and its machine is gone. */
static int
judge (Run *run, int status, GError **error)
{
  const char *directory = get_log_dir (run);

  if (run->trouble != NULL && error != NULL && *error == NULL)
    {
      vq_error_set (error, VQ_ERROR_NO_ROOM, "%s/%s is not complete: %s", directory,
                    VQ_RUN_LOGS_OUTPUT, run->trouble->message);
      return VQ_RUN_ONCE_FAILED;
    }
  if (status == 0 && directory != NULL && !vq_run_logs_mark_success (directory, error))
    return VQ_RUN_ONCE_FAILED;
  return status;
}

/* The status for ERROR, which has come before the test has begun. What is MISSING while the machine
 * starts is nothing that the user has named. */
static int
get_early_status (const GError *error, gboolean starting)
{
  VqErrorCode code = vq_error_get_code (error);

  return code == VQ_ERROR_USAGE || (code == VQ_ERROR_MISSING && !starting) ? VQ_RUN_ONCE_WRONG
                                                                           : VQ_RUN_ONCE_FAILED;
}

static int
run_machine (Run *run, VqRunTest *test, GError **error)
{
  g_autoptr (VqPlan) plan = vq_plan_new (run->request->options, run->cancel, error);
  g_autoptr (VqTestbed) testbed = NULL;
  int status;

  if (plan == NULL)
    return get_early_status (*error, FALSE);
  testbed = vq_testbed_new (plan, "", NULL, run->cancel);
  if (!vq_testbed_open (testbed, error))
    return get_early_status (*error, TRUE);
  run->machine = vq_testbed_get_served (testbed);
  status = run_in (run, testbed, test, error);
  vq_testbed_close (testbed);
  return judge (run, status, error);
}

static int
run_all (const VqRunRequest *request, VqCancel *cancel, GError **error)
{
  g_auto (Run) run = { .request = request, .log = -1, .cancel = cancel };
  g_autoptr (VqRunTest) test = vq_run_test_open (request->test[0], cancel, error);

  if (test == NULL)
    return get_early_status (*error, FALSE);
  vq_workdir_sweep (NULL);
  if (get_log_dir (&run) != NULL && (run.log = vq_run_logs_begin (get_log_dir (&run), error)) < 0)
    return VQ_RUN_ONCE_FAILED;
  return run_machine (&run, test, error);
}

int
vq_run_once_check_test (const VqRunRequest *request, VqCancel *cancel, GError **error)
{
  g_autoptr (VqRunTest) test = NULL;
  g_autoptr (GError) why = NULL;
  int status;

  if (vq_pull_url_is (request->test[0]) && !vq_pull_url_is_file (request->test[0]))
    return 0;
  test = vq_run_test_open (request->test[0], cancel, &why);
  if (test != NULL)
    return 0;
  status = get_early_status (why, FALSE);
  g_propagate_error (error, g_steal_pointer (&why));
  return status;
}

int
vq_run_once_get_failure (VqSignals *signals)
{
  int caught = vq_signals_get_caught (signals);

  return caught != 0 ? VQ_RUN_ONCE_SIGNAL + caught : VQ_RUN_ONCE_FAILED;
}

int
vq_run_once (const VqRunRequest *request, GError **error)
{
  g_autoptr (VqCancel) cancel = vq_cancel_new (NULL);
  g_autoptr (VqSignals) signals = vq_signals_new (cancel, error);
  g_autoptr (GError) why = NULL;
  int status;

  if (signals == NULL)
    return VQ_RUN_ONCE_FAILED;
  status = run_all (request, cancel, &why);
  if (why != NULL && status == VQ_RUN_ONCE_FAILED)
    status = vq_run_once_get_failure (signals);
  if (why != NULL)
    g_propagate_error (error, g_steal_pointer (&why));
  return status;
}
