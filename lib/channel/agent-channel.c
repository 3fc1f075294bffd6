// SPDX-License-Identifier: GPL-2.0-or-later
#include "channel/agent-channel.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "channel/agent-pipe.h"
#include "base/error.h"
#include "io/fd-reader.h"
#include "io/fd-writer.h"
#include "base/json.h"

#define PERL "/usr/bin/perl"

/* The agent remembers a command until it was asked about it after its end. By the time so many
 * more have ended, a runner's process has, too. */
#define REAP_AFTER 4

static const char runner_script[] =
#include "channel/agent-runner.pl.inc"
    ;

typedef struct
{
  VqChannel parent;
  VqGuestAgent *agent;
  char *directory;
  char *runner;        /* the script's path in the guest */
  GPtrArray *commands; /* VqCommand, those that run */
  GQueue ended;        /* pids (gint64 *) that the agent still remembers */
} VqAgentChannel;

/* One of the command's output streams. */
typedef struct
{
  VqCommand *command;
  VqFdWriter *writer;
  char acknowledge; /* the frame that asks for the next block */
  char shut;        /* the frame that says that nobody wants more */
  gboolean busy;    /* a block is being written */
} Output;

struct _VqCommand
{
  VqAgentChannel *channel;
  VqCommandDone done;
  gpointer data;
  gint64 request; /* guest-exec or guest-exec-status under way; 0: none */
  gint64 pid;
  VqAgentPipe *pipe; /* NULL until guest-exec has answered */
  gboolean opened;
  gboolean kill_wanted;
  gboolean runner_gone;
  VqFdReader *input; /* NULL once at its end */
  gboolean reading;
  Output out;
  Output err;
};

static void
free_command (VqCommand *command)
{
  if (command->request != 0)
    vq_guest_agent_forget (command->channel->agent, command->request);
  vq_agent_pipe_free (command->pipe);
  vq_fd_reader_free (command->input);
  vq_fd_writer_free (command->out.writer);
  vq_fd_writer_free (command->err.writer);
  g_free (command);
}

/* Lets the agent forget a runner that ended some commands ago. */
static void
reap_one (VqAgentChannel *channel)
{
  g_autofree gint64 *pid = NULL;

  if (g_queue_get_length (&channel->ended) < REAP_AFTER)
    return;
  pid = g_queue_pop_head (&channel->ended);
  vq_guest_agent_send (channel->agent, "guest-exec-status", vq_json_build ("pid", "i", *pid, NULL),
                       NULL, NULL);
}

/* The last thing that is done with a command. */
static void
finish (VqCommand *command, VqEndKind kind, int value, const GError *error)
{
  VqAgentChannel *channel = command->channel;
  VqCommandDone done = command->done;
  gpointer data = command->data;
  VqEnd end = { kind, value, error };

  if (command->pid != 0)
    g_queue_push_tail (&channel->ended, g_memdup2 (&command->pid, sizeof command->pid));
  g_ptr_array_remove (channel->commands, command);
  free_command (command);
  reap_one (channel);
  done (&end, data);
}

static void
break_off (VqCommand *command, const char *why)
{
  g_autoptr (GError) error = NULL;

  vq_error_set (&error, VQ_ERROR_PEER, "the runner in the guest %s", why);
  finish (command, VQ_ENDED_FAILED, 0, error);
}

static void
on_failed (const GError *error, gpointer data)
{
  finish (data, VQ_ENDED_FAILED, 0, error);
}

static void
on_input (const guint8 *bytes, gsize n, gboolean eof, gpointer data)
{
  VqCommand *command = data;

  command->reading = FALSE;
  vq_agent_pipe_send (command->pipe, 'i', bytes, n);
  if (n == 0)
    g_clear_pointer (&command->input, vq_fd_reader_free);
}

/* The runner has room for a block of stdin. */
static void
on_ready (VqCommand *command)
{
  if (command->input == NULL || command->reading)
    return;
  command->reading = TRUE;
  vq_fd_reader_read (command->input, VQ_AGENT_PIPE_INPUT, on_input, command);
}

/* That nobody reads is the reader's own wish; a full disk is not. */
static void
report_lost_output (const GError *error)
{
  if (error != NULL && !g_str_has_suffix (error->message, g_strerror (EPIPE)))
    g_message ("output of a command is lost: %s", error->message);
}

static void
on_written (gboolean broken, gpointer data)
{
  Output *output = data;

  output->busy = FALSE;
  if (broken)
    report_lost_output (vq_fd_writer_get_error (output->writer));
  vq_agent_pipe_send (output->command->pipe, broken ? output->shut : output->acknowledge, NULL, 0);
}

static void
on_output (VqCommand *command, Output *output, const guint8 *bytes, gsize n)
{
  if (output->busy)
    return break_off (command, "sent more than it may");
  output->busy = TRUE;
  vq_fd_writer_write (output->writer, bytes, n, on_written, output);
}

static void
on_end (VqCommand *command, const guint8 *bytes, gsize n)
{
  g_autofree char *text = g_strndup ((const char *)bytes, n);
  guint64 value = 0;
  gboolean number = n >= 2 && g_ascii_string_to_unsigned (text + 1, 10, 0, 255, &value, NULL);

  if (number && text[0] == 'E')
    finish (command, VQ_ENDED_EXITED, (int)value, NULL);
  else if (number && text[0] == 'S' && value > 0 && value < NSIG)
    finish (command, VQ_ENDED_SIGNALLED, (int)value, NULL);
  else
    break_off (command, "told nonsense of the command's end");
}

static void
on_frame (char type, const guint8 *bytes, gsize n, gpointer data)
{
  VqCommand *command = data;

  if (type == 'r')
    on_ready (command);
  else if (type == 'o')
    on_output (command, &command->out, bytes, n);
  else if (type == 'e')
    on_output (command, &command->err, bytes, n);
  else if (type == 'x')
    on_end (command, bytes, n);
  else
    break_off (command, "sent a frame of no known type");
}

static void
on_opened (gpointer data)
{
  VqCommand *command = data;

  command->opened = TRUE;
  if (command->kill_wanted)
    vq_agent_pipe_send (command->pipe, 'k', NULL, 0);
}

static void
on_status (JsonNode *result, const GError *error, gpointer data)
{
  VqCommand *command = data;
  gboolean exited = FALSE;

  command->request = 0;
  if (error != NULL)
    return on_failed (error, command);
  if (JSON_NODE_HOLDS_OBJECT (result)
      && vq_json_get_bool (json_node_get_object (result), "exited", FALSE, &exited, NULL))
    command->runner_gone = exited;
}

/* Its last words may have come between our last look and the answer: gone twice is gone. */
static void
on_quiet (gpointer data)
{
  VqCommand *command = data;

  if (command->runner_gone)
    return break_off (command, "ended without a word (was it killed?)");
  if (command->request == 0)
    command->request
        = vq_guest_agent_send (command->channel->agent, "guest-exec-status",
                               vq_json_build ("pid", "i", command->pid, NULL), on_status, command);
}

static const VqAgentPipeHandlers pipe_handlers = { on_opened, on_frame, on_quiet, on_failed };

static void
on_started (JsonNode *result, const GError *error, gpointer data)
{
  VqCommand *command = data;

  command->request = 0;
  if (error != NULL)
    return on_failed (error, command);
  if (!JSON_NODE_HOLDS_OBJECT (result)
      || !vq_json_get_int (json_node_get_object (result), "pid", 0, &command->pid, NULL))
    return break_off (command, "has no process number");
  command->pipe
      = vq_agent_pipe_new (command->channel->agent, command->pid, &pipe_handlers, command);
}

/* The words of ARGV, each ended by NUL, in base64. */
static char *
encode_argv (const char *const *argv)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  for (; *argv != NULL; argv++)
    g_byte_array_append (bytes, (const guint8 *)*argv, strlen (*argv) + 1);
  return g_base64_encode (bytes->data, bytes->len);
}

static void
start_runner (VqCommand *command, const char *const *argv)
{
  VqAgentChannel *channel = command->channel;
  g_autofree char *input = encode_argv (argv);
  JsonNode *arguments = vq_json_build ("path", "s", PERL, "input-data", "s", input, NULL);
  JsonArray *words = json_array_new ();

  json_array_add_string_element (words, channel->runner);
  json_object_set_array_member (json_node_get_object (arguments), "arg", words);
  command->request
      = vq_guest_agent_send (channel->agent, "guest-exec", arguments, on_started, command);
}

static VqCommand *
agent_channel_start (VqChannel *parent, const char *const *argv, int in, int out, int err,
                     VqCommandDone done, gpointer data)
{
  VqAgentChannel *channel = (VqAgentChannel *)parent;
  VqCommand *command = g_new0 (VqCommand, 1);

  command->channel = channel;
  command->done = done;
  command->data = data;
  command->input = vq_fd_reader_new (in);
  command->out = (Output){ command, vq_fd_writer_new (out), 'A', 'a', FALSE };
  command->err = (Output){ command, vq_fd_writer_new (err), 'B', 'b', FALSE };
  g_ptr_array_add (channel->commands, command);
  start_runner (command, argv);
  return command;
}

/* Drops what is still to be written, and what will come. */
static void
mute (Output *output)
{
  vq_fd_writer_close (output->writer);
  if (output->busy)
    on_written (TRUE, output);
}

static void
agent_channel_kill (VqChannel *parent, VqCommand *command)
{
  if (command->kill_wanted)
    return;
  command->kill_wanted = TRUE;
  g_clear_pointer (&command->input, vq_fd_reader_free);
  mute (&command->out);
  mute (&command->err);
  if (command->opened)
    vq_agent_pipe_send (command->pipe, 'k', NULL, 0);
}

static void
agent_channel_free (VqChannel *parent)
{
  VqAgentChannel *channel = (VqAgentChannel *)parent;

  while (channel->commands->len > 0)
    break_off (g_ptr_array_index (channel->commands, 0), "is gone, as the testbed is closed");
  g_ptr_array_unref (channel->commands);
  g_queue_clear_full (&channel->ended, g_free);
  g_free (channel->directory);
  g_free (channel->runner);
  g_free (channel);
}

static const VqChannelClass agent_channel_class = {
  .name = "agent",
  .start = agent_channel_start,
  .kill = agent_channel_kill,
  .free = agent_channel_free,
};

static gboolean
install_runner (VqAgentChannel *channel, gint64 deadline, VqCancel *cancel, GError **error)
{
  const char *const make[] = { "mkdir", "-p", "-m", "0700", channel->directory, NULL };
  const char *const try[] = { PERL, "-c", channel->runner, NULL };

  if (!vq_guest_agent_run (channel->agent, make, NULL, NULL, deadline, cancel, error)
      || !vq_guest_agent_write_file (channel->agent, channel->runner, runner_script,
                                     sizeof runner_script - 1, deadline, cancel, error))
    return FALSE;
  if (vq_guest_agent_run (channel->agent, try, NULL, NULL, deadline, cancel, error))
    return TRUE;
  g_prefix_error (error, "no working perl in the guest (install perl-base there): ");
  return FALSE;
}

VqChannel *
vq_agent_channel_new (VqGuestAgent *agent, const char *directory, gint64 deadline, VqCancel *cancel,
                      GError **error)
{
  VqAgentChannel *channel = g_new0 (VqAgentChannel, 1);

  channel->parent.class = &agent_channel_class;
  channel->agent = agent;
  channel->directory = g_strdup (directory);
  channel->runner = g_build_filename (directory, "runner", NULL);
  channel->commands = g_ptr_array_new ();
  g_queue_init (&channel->ended);
  if (install_runner (channel, deadline, cancel, error))
    return &channel->parent;
  agent_channel_free (&channel->parent);
  return NULL;
}
