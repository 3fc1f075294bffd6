// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/run-many.h"

#include <signal.h>
#include <sys/wait.h>

#include "base/error.h"
#include "base/signals.h"
#include "io/child.h"
#include "run/run-once.h"
#include "verb/verb-error.h"
#include "verb/verb-output.h"

/* So long may the processes take to end when they are told to. */
#define END_SECONDS 30

typedef struct
{
  guint number; /* from 1 */
  char *log_dir;
  VqChild *child;
  gint64 begun; /* monotonic time, in microseconds */
  gboolean *succeeded;
} Machine;

static void
machine_free (gpointer data)
{
  Machine *machine = data;

  vq_child_free (machine->child);
  g_free (machine->log_dir);
  g_free (machine);
}

/* The test has ended. */
static void
on_ended (VqChild *child, gpointer data)
{
  Machine *machine = data;
  g_autofree char *end = vq_child_describe_end (child);
  g_autofree char *said = vq_child_get_stderr (child);
  double seconds = (double)(g_get_monotonic_time () - machine->begun) / G_USEC_PER_SEC;
  int status = vq_child_get_status (child);
  gboolean good = status == 0;
  gboolean ours = WIFEXITED (status)
                  && (WEXITSTATUS (status) == VQ_RUN_ONCE_FAILED
                      || WEXITSTATUS (status) == VQ_RUN_ONCE_WRONG);

  *machine->succeeded &= good;
  vq_verb_output_text ("%u: %s in %.1f s", machine->number, good ? "success" : end, seconds);
  if (machine->log_dir != NULL)
    vq_verb_output_text ("; see %s", machine->log_dir);
  else if (ours && said[0] != '\0')
    vq_verb_output_text ("; %s", said);
  vq_verb_output_text ("\n");
  vq_verb_output_flush ();
}

static VqChild *
spawn (const VqRunRequest *request, const Machine *machine, GError **error)
{
  static const VqChildOptions options = { .stdout_fd = -1 };
  g_auto (GStrv) arguments = vq_run_request_build_one (request, machine->log_dir);
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();

  g_ptr_array_add (argv, (gpointer) "/proc/self/exe");
  g_ptr_array_add (argv, (gpointer) "run");
  for (char **word = arguments; *word != NULL; word++)
    g_ptr_array_add (argv, *word);
  g_ptr_array_add (argv, NULL);
  return vq_child_spawn ((const char *const *)argv->pdata, &options, error);
}

static gboolean
start (const VqRunRequest *request, GPtrArray *machines, gboolean *succeeded, GError **error)
{
  const char *directory = request->options->log_dir;
  Machine *machine = g_new0 (Machine, 1);

  g_ptr_array_add (machines, machine);
  machine->number = machines->len;
  machine->succeeded = succeeded;
  machine->begun = g_get_monotonic_time ();
  if (directory != NULL)
    machine->log_dir = g_strdup_printf ("%s/%u", directory, machine->number);
  machine->child = spawn (request, machine, error);
  if (machine->child == NULL)
    return FALSE;
  vq_child_on_ended (machine->child, on_ended, machine);
  return TRUE;
}

static gboolean
have_ended (gpointer data)
{
  const GPtrArray *machines = data;

  for (guint i = 0; i < machines->len; i++)
    {
      const Machine *machine = machines->pdata[i];

      if (machine->child != NULL && !vq_child_has_ended (machine->child))
        return FALSE;
    }
  return TRUE;
}

/* Tells all that still run to end, and waits for that. */
static void
end_all (GPtrArray *machines)
{
  for (guint i = 0; i < machines->len; i++)
    {
      const Machine *machine = machines->pdata[i];

      if (machine->child != NULL && !vq_child_has_ended (machine->child))
        vq_child_kill (machine->child, SIGTERM);
    }
  (void)!vq_wait_until (have_ended, machines, vq_deadline_in (END_SECONDS), NULL,
                        "end of the machines", NULL);
}

static gboolean
run_all (const VqRunRequest *request, GPtrArray *machines, gboolean *succeeded, VqCancel *cancel,
         GError **error)
{
  for (int i = 0; i < request->count; i++)
    if (!start (request, machines, succeeded, error))
      return FALSE;
  return vq_wait_until (have_ended, machines, vq_deadline_in (G_MAXDOUBLE), cancel,
                        "end of the tests", error);
}

int
vq_run_many (const VqRunRequest *request, GError **error)
{
  g_autoptr (VqCancel) cancel = vq_cancel_new (NULL);
  g_autoptr (VqSignals) signals = vq_signals_new (cancel, error);
  g_autoptr (GPtrArray) machines = g_ptr_array_new_with_free_func (machine_free);
  gboolean succeeded = TRUE;
  int status;

  if (signals == NULL)
    return VQ_RUN_ONCE_FAILED;
  status = vq_run_once_check_test (request, cancel, error);
  if (status != 0)
    return status;
  if (run_all (request, machines, &succeeded, cancel, error))
    return succeeded ? VQ_VERB_OK : VQ_VERB_FAILED;
  end_all (machines);
  return vq_run_once_get_failure (signals);
}
