// SPDX-License-Identifier: GPL-2.0-or-later
#include "client/machine-exec.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "base/error.h"
#include "base/signals.h"
#include "channel/exec-client.h"
#include "channel/terminal-call.h"
#include "instance/instance-socket.h"

/* So long may a command live on without the user's terminal. */
#define HANGUP_PATIENCE 3 /* seconds */

/* A command that runs. */
typedef struct
{
  VqChannelCall *call;
  VqCancel *cancel;
  gboolean on_terminal;
  guint hangup_id; /* 0: the terminal has not hung up */
} Running;

static gboolean
on_no_patience (gpointer data)
{
  Running *running = data;
  g_autoptr (GError) reason = NULL;

  running->hangup_id = 0;
  vq_error_set (&reason, VQ_ERROR_CANCELLED, "the terminal has hung up");
  vq_cancel_trigger (running->cancel, reason);
  return G_SOURCE_REMOVE;
}

/* A command that ignores the end of its user's terminal would wait for keys for ever. */
static void
pass_on (int signum, gpointer data)
{
  Running *running = data;

  vq_channel_call_signal (running->call, signum);
  if (signum == SIGHUP && running->on_terminal && running->hangup_id == 0)
    running->hangup_id = g_timeout_add_seconds (HANGUP_PATIENCE, on_no_patience, running);
}

/* Waits for the end of CALL, which is then freed. No signal can have come before. */
static gboolean
wait_end (Running *running, VqChannelCall *call, const VqMachineExec *exec, VqEnd *end,
          GError **error)
{
  double seconds = exec->timeout > 0 ? exec->timeout : G_MAXDOUBLE;
  gboolean ended;

  running->call = call;
  ended = vq_channel_call_finish (call, "end of the command", vq_deadline_in (seconds),
                                  running->cancel, end, error);
  g_clear_handle_id (&running->hangup_id, g_source_remove);
  return ended;
}

/* The channel takes these over. */
static gboolean
copy_stdio (int stdio[3], GError **error)
{
  for (int i = 0; i < 3; i++)
    {
      stdio[i] = fcntl (i, F_DUPFD_CLOEXEC, 3);
      if (stdio[i] >= 0)
        continue;
      vq_error_set_errno (error, errno, "cannot pass on descriptor %d", i);
      while (i-- > 0)
        close (stdio[i]);
      return FALSE;
    }
  return TRUE;
}

static gboolean
run_command (Running *running, VqChannel *channel, const VqMachineExec *exec, VqEnd *end,
             GError **error)
{
  g_autoptr (GPtrArray) argv = vq_guest_command_build (&exec->command);
  int stdio[3];

  if (!copy_stdio (stdio, error))
    return FALSE;
  return wait_end (running,
                   vq_channel_call_start (channel, (const char *const *)argv->pdata, stdio[0],
                                          stdio[1], stdio[2]),
                   exec, end, error);
}

/* The directory and the rest of the environment are prepared in the guest, as without a terminal.
 */
static gboolean
run_on_terminal (Running *running, VqChannel *channel, const VqMachineExec *exec, VqEnd *end,
                 GError **error)
{
  g_autoptr (GPtrArray) argv = vq_guest_command_build (&exec->command);
  g_autofree char *term = vq_terminal_call_get_term ();
  const char *const environment[] = { term, NULL };
  g_autoptr (VqTerminalCall) call
      = vq_terminal_call_start (channel, (const char *const *)argv->pdata, "/", environment, error);

  return call != NULL && wait_end (running, vq_terminal_call_take (call), exec, end, error);
}

/* The command may be running, and tell somebody so, as soon as it was asked for. So signals are
 * caught before. */
static gboolean
run (VqChannel *channel, const VqMachineExec *exec, VqEnd *end, GError **error)
{
  static const int numbers[] = { SIGHUP, SIGINT, SIGTERM, SIGQUIT, SIGUSR1, SIGUSR2, 0 };
  g_autoptr (VqCancel) cancel = vq_cancel_new (NULL);
  Running running = { NULL, cancel, exec->on_terminal, 0 };
  g_autoptr (VqSignals) signals = vq_signals_watch (numbers, pass_on, &running, error);

  if (signals == NULL)
    return FALSE;
  return exec->on_terminal ? run_on_terminal (&running, channel, exec, end, error)
                           : run_command (&running, channel, exec, end, error);
}

int
vq_machine_exec_run (const VqMachineExec *exec, GError **error)
{
  g_autofree char *path = vq_instance_socket_find (exec->name, "exec", error);
  g_autoptr (VqChannel) channel = path != NULL ? vq_exec_client_new (path) : NULL;
  g_autoptr (GError) why = NULL;
  gboolean ended;
  VqEnd end;

  if (channel == NULL)
    return VQ_MACHINE_EXEC_FAILED;
  ended = run (channel, exec, &end, &why);
  if (ended)
    return end.kind == VQ_ENDED_EXITED ? end.value : VQ_MACHINE_EXEC_SIGNAL + end.value;
  g_propagate_error (error, g_error_copy (why));
  return vq_error_is_timeout (why) ? VQ_MACHINE_EXEC_TIMEOUT : VQ_MACHINE_EXEC_FAILED;
}
