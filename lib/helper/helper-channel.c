// SPDX-License-Identifier: GPL-2.0-or-later
/* The states of a command: "running" while its stream is open; then "over", when the stream is
 * closed but output from the guest may still wait to be written; then "done". If the connection
 * fails, only running commands fail. */
#include "helper/helper-channel.h"

#include <signal.h>
#include <unistd.h>

#include "base/error.h"
#include "helper/helper-input.h"
#include "helper/helper-output.h"
#include "helper/helper-run.h"
#include "base/text.h"

#define STATUS_MAX 255
#define SIGNAL_MAX 64

typedef struct
{
  VqChannel parent;
  VqHelperPort *port; /* not owned */
  GQueue commands;    /* of VqCommand, owned */
} HelperChannel;

struct _VqCommand
{
  HelperChannel *channel;
  GList link; /* its place in the channel's queue */
  VqCommandDone done;
  gpointer data;
  guint32 stream; /* 0: the command is over */
  gboolean on_terminal;
  gboolean killed;
  VqHelperInput *input;
  VqHelperOutput *out, *err; /* NULL: there is no such output */
  VqEndKind kind;            /* this and the following once it is over */
  int value;
  GError *error;
  guint finish_id;
};

static void
free_command (VqCommand *command)
{
  g_clear_handle_id (&command->finish_id, g_source_remove);
  vq_helper_input_free (command->input);
  vq_helper_output_free (command->out);
  vq_helper_output_free (command->err);
  g_clear_error (&command->error);
  g_free (command);
}

/* A command has not succeeded if some of its input or output is lost. */
static void
judge_loss (VqCommand *command, const GError *loss, const char *what)
{
  if (loss == NULL || command->kind == VQ_ENDED_FAILED)
    return;
  command->kind = VQ_ENDED_FAILED;
  command->value = 0;
  vq_error_set (&command->error, VQ_ERROR_FAILED, "%s of the command is lost: %s", what,
                loss->message);
}

/* Ends a command: tells its owner, and frees it. */
static void
finish (VqCommand *command)
{
  VqCommandDone done = command->done;
  gpointer data = command->data;
  g_autoptr (GError) error = NULL;
  VqEnd end = { 0 };

  judge_loss (command, vq_helper_input_get_loss (command->input), "stdin");
  judge_loss (command, vq_helper_output_close (command->out), "stdout");
  judge_loss (command, vq_helper_output_close (command->err), "stderr");
  error = g_steal_pointer (&command->error);
  end = (VqEnd){ command->kind, command->value, error };
  g_queue_unlink (&command->channel->commands, &command->link);
  free_command (command);
  done (&end, data);
}

static gboolean
finish_idly (gpointer data)
{
  VqCommand *command = data;

  command->finish_id = 0;
  finish (command);
  return G_SOURCE_REMOVE;
}

static void
finish_soon (VqCommand *command)
{
  if (command->finish_id == 0)
    command->finish_id = g_idle_add_full (G_PRIORITY_DEFAULT, finish_idly, command, NULL);
}

static gboolean
is_flushed (VqHelperOutput *output)
{
  return output == NULL || vq_helper_output_is_empty (output);
}

static void
finish_if_flushed (gpointer data)
{
  VqCommand *command = data;

  if (command->stream == 0 && is_flushed (command->out) && is_flushed (command->err))
    finish (command);
}

/* Takes over ERROR. */
static void
set_end (VqCommand *command, VqEndKind kind, int value, GError *error)
{
  command->stream = 0;
  command->kind = kind;
  command->value = value;
  command->error = error;
}

static gboolean
on_end (VqCommand *command, VqEndKind kind, int value, GError *error)
{
  set_end (command, kind, value, error);
  vq_helper_input_close (command->input);
  if (command->out != NULL)
    vq_helper_output_end (command->out);
  if (command->err != NULL)
    vq_helper_output_end (command->err);
  finish_if_flushed (command);
  return TRUE;
}

static gboolean
on_exited (VqCommand *command, guint32 status, GError **error)
{
  if (status > STATUS_MAX)
    return vq_error_set (error, VQ_ERROR_PEER, "an exit status of %u", status);
  return on_end (command, VQ_ENDED_EXITED, (int)status, NULL);
}

static gboolean
on_signalled (VqCommand *command, guint32 number, GError **error)
{
  if (number == 0 || number > SIGNAL_MAX)
    return vq_error_set (error, VQ_ERROR_PEER, "a signal that does not exist (%u)", number);
  return on_end (command, VQ_ENDED_SIGNALLED, (int)number, NULL);
}

static gboolean
on_not_started (VqCommand *command, const VqHelperFrame *frame)
{
  g_autofree char *text
      = vq_text_printable ((const char *)frame->payload, frame->length, VQ_HELPER_TEXT_MAX);
  GError *why = NULL;

  vq_error_set (&why, VQ_ERROR_FAILED, "cannot start the command in the guest: %s", text);
  return on_end (command, VQ_ENDED_FAILED, 0, why);
}

static gboolean
on_output (VqHelperOutput *output, const VqHelperFrame *frame, GError **error)
{
  if (output == NULL)
    return vq_error_set (error, VQ_ERROR_PEER, "stderr of a terminal");
  return vq_helper_output_add (output, frame->payload, frame->length, error);
}

static gboolean
on_frame (const VqHelperFrame *frame, gpointer data, GError **error)
{
  VqCommand *command = data;

  switch (frame->type)
    {
    case VQ_HELPER_STDOUT:
      return on_output (command->out, frame, error);
    case VQ_HELPER_STDERR:
      return on_output (command->err, frame, error);
    case VQ_HELPER_STDIN_CREDIT:
      return vq_helper_input_credit (command->input, vq_helper_frame_get_u32 (frame->payload),
                                     error);
    case VQ_HELPER_STDIN_CLOSED:
      vq_helper_input_close (command->input);
      return TRUE;
    case VQ_HELPER_EXITED:
      return on_exited (command, vq_helper_frame_get_u32 (frame->payload), error);
    case VQ_HELPER_SIGNALLED:
      return on_signalled (command, vq_helper_frame_get_u32 (frame->payload), error);
    case VQ_HELPER_NOT_STARTED:
      return on_not_started (command, frame);
    default:
      g_assert_not_reached (); /* the port lets no other frames through */
    }
}

static void
on_failed (const GError *reason, gpointer data)
{
  VqCommand *command = data;

  set_end (command, VQ_ENDED_FAILED, 0, g_error_copy (reason));
  finish (command);
}

static const VqHelperStreamHandlers handlers = { on_frame, on_failed };

/* Opens a stream for RUN. Returns 0 with *ERROR set on failure. */
static guint32
open_stream (VqCommand *command, const VqHelperRun *run, GError **error)
{
  VqHelperPort *port = command->channel->port;
  guint32 stream = 0;

  if (vq_helper_port_get_error (port) != NULL)
    g_propagate_error (error, g_error_copy (vq_helper_port_get_error (port)));
  else if (vq_helper_run_measure (run) > VQ_HELPER_RUN_MAX)
    vq_error_set (error, VQ_ERROR_FAILED, "argument list too long");
  else
    {
      stream = vq_helper_port_open_stream (port, VQ_HELPER_STREAM_COMMAND, &handlers, command);
      if (stream == 0)
        vq_error_set (error, VQ_ERROR_FAILED, "too many commands run in the guest (%u)",
                      VQ_HELPER_STREAMS_MAX);
    }
  return stream;
}

static void
set_up_streams (VqCommand *command, int in, int out, int err)
{
  static const VqHelperOutputTypes out_types = { VQ_HELPER_STDOUT_CREDIT, VQ_HELPER_STDOUT_CLOSED };
  static const VqHelperOutputTypes err_types = { VQ_HELPER_STDERR_CREDIT, VQ_HELPER_STDERR_CLOSED };
  VqHelperPort *port = command->channel->port;

  command->input = vq_helper_input_new (port, command->stream, in);
  command->out
      = vq_helper_output_new (port, command->stream, out_types, out, finish_if_flushed, command);
  if (err >= 0)
    command->err
        = vq_helper_output_new (port, command->stream, err_types, err, finish_if_flushed, command);
}

/* The request and the beginning of its input are sent in one piece, so that the guest wakes up only
 * once. */
static void
send_run (VqCommand *command, const VqHelperRun *run)
{
  VqHelperPort *port = command->channel->port;
  gboolean small = vq_helper_run_measure (run) <= VQ_HELPER_PAYLOAD_MAX;

  if (small)
    vq_helper_port_hold (port);
  vq_helper_run_send (run, port, command->stream);
  vq_helper_input_start (command->input);
  if (small)
    vq_helper_port_release (port);
}

static void
refuse (VqCommand *command, GError *error, int in, int out, int err)
{
  set_end (command, VQ_ENDED_FAILED, 0, error);
  finish_soon (command);
  close (in);
  close (out);
  if (err >= 0)
    close (err);
}

/* ERR is -1 for a command on a terminal. */
static VqCommand *
start (VqChannel *parent, const VqHelperRun *run, int in, int out, int err, VqCommandDone done,
       gpointer data)
{
  VqCommand *command = g_new0 (VqCommand, 1);
  GError *error = NULL;

  command->channel = (HelperChannel *)parent;
  command->link.data = command;
  command->done = done;
  command->data = data;
  command->on_terminal = run->terminal != NULL;
  g_queue_push_tail_link (&command->channel->commands, &command->link);
  command->stream = open_stream (command, run, &error);
  if (command->stream == 0)
    {
      refuse (command, error, in, out, err);
      return command;
    }
  set_up_streams (command, in, out, err);
  send_run (command, run);
  return command;
}

static VqCommand *
helper_channel_start (VqChannel *channel, const char *const *argv, int in, int out, int err,
                      VqCommandDone done, gpointer data)
{
  VqHelperRun run = { argv, NULL };

  return start (channel, &run, in, out, err, done, data);
}

static VqCommand *
helper_channel_start_terminal (VqChannel *channel, const VqTerminal *terminal, int in, int out,
                               VqCommandDone done, gpointer data)
{
  VqHelperRun run = { terminal->argv, terminal };

  return start (channel, &run, in, out, -1, done, data);
}

static void
helper_channel_resize (VqChannel *channel, VqCommand *command, guint rows, guint columns)
{
  guint8 payload[8];

  if (command->stream == 0 || !command->on_terminal)
    return;
  vq_helper_frame_put_u32 (payload, rows);
  vq_helper_frame_put_u32 (payload + 4, columns);
  vq_helper_port_send (command->channel->port, VQ_HELPER_WINDOW_SIZE, command->stream, payload,
                       sizeof payload);
}

static void
helper_channel_signal (VqChannel *channel, VqCommand *command, int signum)
{
  if (command->stream != 0)
    vq_helper_port_send_u32 (command->channel->port, VQ_HELPER_KILL, command->stream, signum);
}

/* Kills the command's processes in the guest. */
static void
kill_processes (VqCommand *command)
{
  if (command->stream != 0 && !command->killed)
    vq_helper_port_send_u32 (command->channel->port, VQ_HELPER_KILL, command->stream, SIGKILL);
  command->killed = TRUE;
}

static void
helper_channel_kill (VqChannel *channel, VqCommand *command)
{
  kill_processes (command);
  if (command->input != NULL)
    vq_helper_input_close (command->input);
  if (command->out != NULL)
    vq_helper_output_mute (command->out);
  if (command->err != NULL)
    vq_helper_output_mute (command->err);
  if (command->stream == 0)
    finish_soon (command);
}

/* Drops the command. The port remembers its stream until the stream's end comes. */
static void
drop (VqCommand *command)
{
  GError *error = NULL;

  kill_processes (command);
  if (command->stream != 0)
    vq_helper_port_drop_stream (command->channel->port, command->stream);
  vq_error_set (&error, VQ_ERROR_FAILED, "the machine was closed while the command ran");
  g_clear_error (&command->error);
  set_end (command, VQ_ENDED_FAILED, 0, error);
  finish (command);
}

static void
helper_channel_free (VqChannel *parent)
{
  HelperChannel *channel = (HelperChannel *)parent;

  while (!g_queue_is_empty (&channel->commands))
    drop (g_queue_peek_head (&channel->commands));
  g_free (channel);
}

VqChannel *
vq_helper_channel_new (VqHelperPort *port)
{
  static const VqChannelClass class = {
    .start = helper_channel_start,
    .kill = helper_channel_kill,
    .signal = helper_channel_signal,
    .start_terminal = helper_channel_start_terminal,
    .resize = helper_channel_resize,
    .free = helper_channel_free,
    .file_program = VQ_HELPER_SELF,
  };
  HelperChannel *channel = g_new0 (HelperChannel, 1);

  channel->parent.class = &class;
  channel->port = port;
  g_queue_init (&channel->commands);
  return &channel->parent;
}
