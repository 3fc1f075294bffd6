// SPDX-License-Identifier: GPL-2.0-or-later
/* A command's life: it is IDLE (not attached), OPENING its channel, STARTING (the server was asked
 * to run it), RUNNING; it ends when it is known how it ended, that nothing more comes, and all that
 * came is written. When its owner has let go of it, it stays until the server has closed the
 * channel, too.
 */
#include "ssh/ssh-exec.h"

#include <string.h>

#include "base/error.h"
#include "ssh/ssh-input.h"
#include "ssh/ssh-process.h"
#include "ssh/ssh-script.h"
#include "base/text.h"

#define NOT_STARTED "the guest's shell did not start the command"
#define TEXT_MAX 300

typedef enum
{
  IDLE,
  OPENING,
  STARTING,
  RUNNING,
} State;

/* What is to be told, in this order. */
enum
{
  TELL_STARTED = 1,
  TELL_UNREAD = 2,
  TELL_REFUSED = 4,
  TELL_ENDED = 8,
};

struct _VqSshExec
{
  const VqSshExecHandlers *handlers;
  gpointer data;
  State state;
  gboolean let_go;       /* nobody owns it but the session */
  VqSshSession *session; /* not owned; NULL: not attached, or lost */
  VqSshUser user;
  VqSshProcess process;
  VqSshInput *input; /* owned, as STREAMS; both NULL when it was let go of */
  VqSshStreams *streams;
  gboolean pauses; /* the session, as its output is stuck */
  gboolean muted;
  GError *refusal;     /* owned */
  guint told, to_tell; /* the former includes the latter */
  guint tell_id;
};

static void step (gpointer data);

static void
destroy (VqSshExec *exec)
{
  g_clear_handle_id (&exec->tell_id, g_source_remove);
  vq_ssh_input_free (exec->input);
  vq_ssh_streams_free (exec->streams);
  vq_ssh_process_clear (&exec->process);
  g_clear_error (&exec->refusal);
  g_free (exec);
}

static void
tell_end (VqSshExec *exec)
{
  VqSshProcess *process = &exec->process;
  g_autoptr (GError) error = g_steal_pointer (&process->error);
  VqEnd end = { process->kind, process->value, error };

  exec->handlers->ended (&end, exec->data);
}

/* One thing at a time, as the command may be gone afterwards. */
static gboolean
tell (gpointer data)
{
  VqSshExec *exec = data;
  guint what = exec->to_tell & -exec->to_tell;
  gboolean again = exec->to_tell != what;

  exec->to_tell &= ~what;
  if (!again)
    exec->tell_id = 0;
  if (what == TELL_STARTED)
    exec->handlers->started (exec->data);
  else if (what == TELL_UNREAD)
    exec->handlers->unread (exec->data);
  else if (what == TELL_REFUSED)
    exec->handlers->refused (exec->data);
  else
    tell_end (exec);
  return again; /* G_SOURCE_CONTINUE; means nothing when it is gone */
}

/* Once only. */
static void
tell_soon (VqSshExec *exec, guint what)
{
  if ((exec->told & what) != 0)
    return;
  exec->told |= what;
  exec->to_tell |= what;
  if (exec->tell_id == 0)
    exec->tell_id = g_idle_add_full (G_PRIORITY_DEFAULT, tell, exec, NULL);
}

static void
fail (VqSshExec *exec, const char *what, const char *why)
{
  g_autofree char *printable = vq_text_printable (why, strlen (why), TEXT_MAX);
  GError *error = NULL;

  vq_error_set (&error, VQ_ERROR_PEER, "%s: %s", what, printable);
  exec->process.exited = FALSE;
  vq_ssh_process_exit (&exec->process, VQ_ENDED_FAILED, 0, error);
  tell_soon (exec, TELL_ENDED);
}

static void
pause_if_stuck (VqSshExec *exec)
{
  gboolean stuck = exec->streams != NULL && vq_ssh_streams_are_stuck (exec->streams);

  if (stuck == exec->pauses)
    return;
  exec->pauses = stuck;
  if (stuck)
    vq_ssh_session_pause (exec->session);
  else
    vq_ssh_session_resume (exec->session);
}

/* libssh's buffers have room again. */
static void
on_written (gpointer data)
{
  VqSshExec *exec = data;
  VqSshSession *session = exec->session;

  if (session != NULL)
    {
      step (exec);
      vq_ssh_session_touch (session);
    }
  else if (exec->process.exited && vq_ssh_streams_are_flushed (exec->streams))
    tell_soon (exec, TELL_ENDED);
}

VqSshExec *
vq_ssh_exec_new (const char *const *argv, int in, int out, int err,
                 const VqSshExecHandlers *handlers, gpointer data)
{
  VqSshExec *exec = g_new0 (VqSshExec, 1);
  g_autoptr (GBytes) begin = vq_ssh_script_begin (argv);

  exec->handlers = handlers;
  exec->data = data;
  exec->input = vq_ssh_input_new (begin, in);
  exec->streams = vq_ssh_streams_new (out, err, on_written, exec);
  exec->process.streams = exec->streams;
  return exec;
}

static void
detach (VqSshExec *exec)
{
  if (exec->session == NULL)
    return;
  if (exec->pauses)
    vq_ssh_session_resume (exec->session);
  exec->pauses = FALSE;
  vq_ssh_session_remove_user (exec->session, &exec->user);
  exec->session = NULL;
}

static gboolean
knows_no_more_comes (VqSshExec *exec)
{
  return exec->muted || vq_ssh_process_is_drained (&exec->process);
}

/* With the connection all channels are gone, or will be. A command that is over but for what we
 * still write is not touched by that. */
static void
on_lost (const GError *error, gpointer data)
{
  VqSshExec *exec = data;

  vq_ssh_process_forget (&exec->process);
  exec->session = NULL;
  exec->pauses = FALSE;
  if (exec->let_go)
    {
      destroy (exec);
      return;
    }
  vq_ssh_input_stop (exec->input);
  exec->process.exited = exec->process.exited && knows_no_more_comes (exec);
  vq_ssh_process_exit (&exec->process, VQ_ENDED_FAILED, 0, g_error_copy (error));
  if (vq_ssh_streams_are_flushed (exec->streams))
    tell_soon (exec, TELL_ENDED);
}

void
vq_ssh_exec_attach (VqSshExec *exec, VqSshSession *session)
{
  g_assert (exec->state == IDLE);
  g_clear_error (&exec->refusal);
  exec->told = 0;
  exec->session = session;
  exec->user = (VqSshUser){ .step = step, .lost = on_lost, .data = exec };
  vq_ssh_session_add_user (session, &exec->user);
  vq_ssh_process_begin (&exec->process, vq_ssh_session_get_handle (session));
  exec->state = OPENING;
}

guint
vq_ssh_exec_get_pid (VqSshExec *exec)
{
  return vq_ssh_streams_get_pid (exec->streams);
}

const GError *
vq_ssh_exec_get_error (VqSshExec *exec)
{
  return exec->refusal;
}

/* Called when the channel is not, or no more, one that the server knows. */
static void
free_channel (VqSshExec *exec)
{
  vq_ssh_process_drop (&exec->process);
  detach (exec);
}

/* The server does not open another channel: it may be a matter of their number. */
static void
on_refusal (VqSshExec *exec)
{
  const char *text = ssh_get_error (vq_ssh_session_get_handle (exec->session));
  g_autofree char *printable = vq_text_printable (text, strlen (text), TEXT_MAX);

  free_channel (exec);
  if (exec->let_go)
    {
      destroy (exec);
      return;
    }
  exec->state = IDLE;
  vq_error_set (&exec->refusal, VQ_ERROR_PEER, "the ssh server in the guest starts no command: %s",
                printable);
  tell_soon (exec, TELL_REFUSED);
}

/* TRUE when it is open. The command may be gone otherwise. A connection that has broken down tells
 * so itself. */
static gboolean
open_channel (VqSshExec *exec)
{
  int result = ssh_channel_open_session (exec->process.channel);

  if (result == SSH_ERROR && ssh_is_connected (vq_ssh_session_get_handle (exec->session)))
    on_refusal (exec);
  return result == SSH_OK;
}

static gboolean
start_script (VqSshExec *exec)
{
  const char *user = vq_ssh_session_get_user (exec->session);
  gboolean is_root = strcmp (user, "root") == 0;
  int result = ssh_channel_request_exec (exec->process.channel, vq_ssh_script_get (!is_root));

  if (result == SSH_ERROR && ssh_is_connected (vq_ssh_session_get_handle (exec->session)))
    fail (exec, "the ssh server in the guest runs no command",
          ssh_get_error (vq_ssh_session_get_handle (exec->session)));
  return result == SSH_OK;
}

/* A command that never started is our failure, not its end. */
static void
end_exited (VqSshExec *exec)
{
  if (vq_ssh_exec_get_pid (exec) == 0 && exec->process.kind != VQ_ENDED_FAILED && !exec->muted)
    {
      g_autofree char *noise = vq_ssh_streams_get_noise (exec->streams);

      fail (exec, NOT_STARTED, noise[0] != '\0' ? noise : "it said nothing");
      return;
    }
  tell_soon (exec, TELL_ENDED);
}

static void
look_for_end (VqSshExec *exec)
{
  if (vq_ssh_streams_are_lost (exec->streams))
    fail (exec, NOT_STARTED, "it writes without end");
  else if (exec->process.closed && !exec->process.exited)
    fail (exec, "the ssh server in the guest", "it does not tell how the command ended");
  if (!exec->process.exited || !vq_ssh_streams_are_flushed (exec->streams))
    return;
  if (exec->muted || vq_ssh_process_drain (&exec->process))
    end_exited (exec);
}

static void
go_on_running (VqSshExec *exec)
{
  vq_ssh_streams_release (exec->streams, exec->process.channel);
  if (vq_ssh_exec_get_pid (exec) != 0)
    tell_soon (exec, TELL_STARTED);
  if (vq_ssh_streams_are_broken (exec->streams))
    tell_soon (exec, TELL_UNREAD);
  if (!exec->process.exited)
    vq_ssh_input_push (exec->input, exec->session, exec->process.channel);
  look_for_end (exec);
  pause_if_stuck (exec);
}

/* The server's own end of the channel may be all that is missing. */
static void
go_on_closing (VqSshExec *exec)
{
  if (!exec->process.closed)
    return;
  free_channel (exec);
  destroy (exec);
}

/* FALSE: there is nothing to do yet, or any more: the command may be gone. */
static gboolean
go_on_opening (VqSshExec *exec)
{
  if (!open_channel (exec))
    return FALSE;
  exec->state = STARTING;
  if (exec->let_go)
    vq_ssh_process_close (&exec->process);
  return !exec->let_go;
}

static void
step (gpointer data)
{
  VqSshExec *exec = data;

  if (exec->state == OPENING && !go_on_opening (exec))
    return;
  if (exec->let_go)
    {
      go_on_closing (exec);
      return;
    }
  if ((exec->told & TELL_ENDED) != 0)
    return;
  if (exec->state == STARTING && start_script (exec))
    exec->state = RUNNING;
  go_on_running (exec);
}

void
vq_ssh_exec_mute (VqSshExec *exec)
{
  exec->muted = TRUE;
  vq_ssh_input_close (exec->input);
  vq_ssh_streams_mute (exec->streams);
  on_written (exec);
}

void
vq_ssh_exec_free (VqSshExec *exec)
{
  if (exec == NULL)
    return;
  g_clear_handle_id (&exec->tell_id, g_source_remove);
  if (exec->session == NULL)
    {
      destroy (exec);
      return;
    }
  exec->let_go = TRUE;
  g_clear_pointer (&exec->input, vq_ssh_input_free);
  exec->process.streams = NULL;
  g_clear_pointer (&exec->streams, vq_ssh_streams_free);
  pause_if_stuck (exec);
  if (exec->state != OPENING)
    vq_ssh_process_close (&exec->process);
  vq_ssh_session_touch (exec->session);
  if (exec->process.closed)
    go_on_closing (exec);
}
