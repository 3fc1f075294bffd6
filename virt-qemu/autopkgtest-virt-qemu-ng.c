// SPDX-License-Identifier: GPL-2.0-or-later
/* The virtualisation server that autopkgtest starts. The work is done in lib/; here are the
 * options, the wiring and the exit status. */
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/error.h"
#include "base/inherited.h"
#include "instance/instance-keep.h"
#include "instance/instance-name.h"
#include "instance/instance-testbed.h"
#include "io/log.h"
#include "plan/options.h"
#include "plan/plan.h"
#include "base/programs.h"
#include "testbed/server.h"
#include "base/signals.h"
#include "testbed/testbed.h"
#include "io/workdir.h"

#define NAME "autopkgtest-virt-qemu-ng"
#define EXEC_NAME "virt-qemu-exec"

/* What is missing then is the image. */
static int
report (const GError *error)
{
  gboolean usage = error->domain == VQ_ERROR
                   && (error->code == VQ_ERROR_USAGE || error->code == VQ_ERROR_MISSING);

  g_critical ("%s", error->message);
  return usage ? VQ_EXIT_USAGE : VQ_EXIT_CANNOT_START;
}

/* Removes what killed servers have left if even their process for cleaning up was killed. */
static void
remove_left_overs (const VqOptions *options)
{
  vq_workdir_sweep (NULL);
  if (options->overlay_dir != NULL)
    vq_workdir_sweep (options->overlay_dir);
}

/* For --keep-failed. */
typedef struct
{
  const VqPlan *plan;
  const char *const *arguments;
  VqCancel *cancel;
} Keep;

/* What cannot be kept is no reason for another result of the test. */
static void
keep_failed (VqTestbed *testbed, gpointer data)
{
  const Keep *keep = data;
  g_autoptr (GError) error = NULL;
  g_autofree char *name = vq_instance_keep (testbed, keep->plan->options->keep_failed, keep->plan,
                                            keep->arguments, keep->cancel, &error);

  if (name == NULL)
    g_warning ("cannot keep the testbed in which a test has failed: %s", error->message);
  else
    g_message (
        "a test has failed, so its testbed stays as an instance: \"virt-qemu shell %s\" opens "
        "a shell in it, and \"virt-qemu delete --force %s\" removes it",
        name, name);
}

static int
serve (const VqOptions *options, VqServed *served, VqCancel *cancel)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VqServerStats) stats = NULL;

  if (options->stats_file != NULL || options->stats)
    stats = vq_server_stats_new (options, served, &error);
  if (error != NULL)
    return report (error);
  return vq_server_run (served, stats, STDIN_FILENO, STDOUT_FILENO, cancel);
}

static int
serve_instance (const VqOptions *options, const char *exec_program, VqCancel *cancel)
{
  g_autoptr (VqInstanceTestbed) testbed = vq_instance_testbed_new (options, exec_program, cancel);
  g_autoptr (GError) error = NULL;

  if (!vq_instance_name_check (options->instance, &error))
    return report (error);
  return serve (options, vq_instance_testbed_get_served (testbed), cancel);
}

static int
serve_image (const VqOptions *options, const char *const *arguments, const char *exec_program,
             VqCancel *cancel)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VqPlan) plan = vq_plan_new (options, cancel, &error);
  g_autoptr (VqTestbed) testbed = NULL;
  Keep keep = { plan, arguments, cancel };

  if (plan == NULL
      || (options->keep_failed != NULL && !vq_instance_keep_check (options->keep_failed, &error)))
    return report (error);
  testbed = vq_testbed_new (plan, exec_program, NULL, cancel);
  if (options->keep_failed != NULL)
    vq_testbed_on_failed_test (testbed, keep_failed, &keep);
  return serve (options, vq_testbed_get_served (testbed), cancel);
}

static int
find_and_serve (const VqOptions *options, const char *const *arguments, VqCancel *cancel)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *exec_program = vq_programs_find (EXEC_NAME, &error);

  if (exec_program == NULL)
    return report (error);
  return options->instance != NULL ? serve_instance (options, exec_program, cancel)
                                   : serve_image (options, arguments, exec_program, cancel);
}

/* Serves and cleans up. If a signal has ended the server, dies by the same signal. */
static int
run (const VqOptions *options, const char *const *arguments)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VqCancel) cancel = vq_cancel_new (NULL);
  g_autoptr (VqSignals) signals = vq_signals_new (cancel, &error);
  int status;
  int caught;

  if (signals == NULL)
    return report (error);
  remove_left_overs (options);
  status = find_and_serve (options, arguments, cancel);
  caught = vq_signals_get_caught (signals);
  g_clear_pointer (&signals, vq_signals_free);
  if (caught != 0)
    {
      signal (caught, SIG_DFL);
      raise (caught);
    }
  return status;
}

/* The whole trace, from the beginning. That the directory cannot be used is told later. */
static void
copy_log (const char *directory)
{
  g_autofree char *path = g_build_filename (directory, "trace.log", NULL);
  g_autoptr (GError) error = NULL;

  if (g_mkdir_with_parents (directory, 0700) == 0 && !vq_log_copy_to (path, &error))
    g_warning ("--log-dir: %s", error->message);
}

int
main (int argc, char **argv)
{
  g_autoptr (VqOptions) options = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;

  setlocale (LC_ALL, "");
  vq_log_init (NAME);
  if (!vq_inherited_settle (&error))
    return report (error);
  switch (vq_options_parse (argc, (const char *const *)argv, &options, &error))
    {
    case VQ_OPTIONS_HELP:
      fputs (vq_options_help (), stdout);
      return VQ_EXIT_OK;
    case VQ_OPTIONS_VERSION:
      fputs (vq_options_version (), stdout);
      return VQ_EXIT_OK;
    case VQ_OPTIONS_ERROR:
      text = vq_options_usage_error (error);
      fputs (text, stderr);
      return VQ_EXIT_USAGE;
    case VQ_OPTIONS_RUN:
      break;
    }
  if (options->debug)
    vq_log_show_debug ();
  if (options->debug && options->log_dir != NULL)
    copy_log (options->log_dir);
  return run (options, (const char *const *)argv + 1);
}
