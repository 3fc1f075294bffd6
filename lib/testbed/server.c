// SPDX-License-Identifier: GPL-2.0-or-later
#include "testbed/server.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "io/line-reader.h"
#include "testbed/protocol.h"

/* For how many milliseconds the caller must be silent until there is time for what it may want
 * next. */
#define SILENCE_MS 300

typedef struct
{
  VqServed *served;
  VqServerStats *stats; /* may be NULL */
  VqLineReader *lines;
  int in, out;
  VqCancel *cancel;
  guint silence_id; /* 0: not waiting for silence */
  gboolean quit;
} Server;

/* Writes a reply, which is one line. A caller that reads no replies, or a terminal that ^S has
 * stopped, must not keep us from hearing of signals, so we wait for room first. */
static gboolean
reply_text (Server *server, const char *text, GError **error)
{
  if (!vq_wait_fd (server->out, G_IO_OUT, vq_deadline_in (G_MAXDOUBLE), server->cancel,
                   "room for the reply", error))
    return FALSE;
  if (vq_fd_write_all (server->out, text, strlen (text)))
    return TRUE;
  if (errno == EPIPE)
    return vq_error_set (error, VQ_ERROR_FAILED, "cannot reply: the caller has gone away");
  return vq_error_set_errno (error, errno, "cannot reply to the caller");
}

static gboolean
reply_ok (Server *server, const char *const *words, GError **error)
{
  g_autofree char *text = vq_protocol_reply_ok (words);

  return reply_text (server, text, error);
}

static gboolean
reply_scratch (Server *server, GError **error)
{
  const char *const words[] = { server->served->class->get_scratch (server->served), NULL };

  return reply_ok (server, words, error);
}

static gboolean
handle_capabilities (Server *server, VqRequest *request, GError **error)
{
  g_auto (GStrv) words = server->served->class->get_capabilities (server->served);

  return reply_ok (server, (const char *const *)words, error);
}

static gboolean
handle_open (Server *server, VqRequest *request, GError **error)
{
  return server->served->class->open (server->served, error) && reply_scratch (server, error);
}

static gboolean
handle_revert (Server *server, VqRequest *request, GError **error)
{
  return server->served->class->revert (server->served, error) && reply_scratch (server, error);
}

/* The specification puts the scratch directory into this reply, but autopkgtest refuses that. */
static gboolean
handle_reboot (Server *server, VqRequest *request, GError **error)
{
  gboolean prepare_only = vq_protocol_request_get_n_args (request) > 0;

  return server->served->class->reboot (server->served, prepare_only, error)
         && reply_ok (server, NULL, error);
}

static gboolean
handle_close (Server *server, VqRequest *request, GError **error)
{
  server->served->class->close (server->served);
  return reply_ok (server, NULL, error);
}

static gboolean
handle_print_execute_command (Server *server, VqRequest *request, GError **error)
{
  g_auto (GStrv) argv = vq_served_get_auxverb (server->served);
  g_autofree char *text = vq_protocol_reply_execute_command ((const char *const *)argv);

  return reply_text (server, text, error);
}

/* If a copy has failed, the caller gets a word, and the user gets a line on stderr. */
static gboolean
reply_to_copy (Server *server, gboolean copied, GError *failure, GError **error)
{
  if (copied)
    return reply_ok (server, NULL, error);
  if (vq_error_is_cancelled (failure))
    {
      g_propagate_error (error, g_error_copy (failure));
      return FALSE;
    }
  g_message ("%s", failure->message);
  return reply_text (server, vq_error_is_timeout (failure) ? "timeout\n" : "copy-failed\n", error);
}

static gboolean
handle_copydown (Server *server, VqRequest *request, GError **error)
{
  const char *const *args = vq_protocol_request_get_args (request);
  g_autoptr (GError) failure = NULL;
  gboolean copied;

  if (!vq_protocol_check_copy_paths (args[0], args[1], error))
    return FALSE;
  copied = vq_served_copy_down (server->served, args[0], args[1], &failure);
  return reply_to_copy (server, copied, failure, error);
}

static gboolean
handle_copyup (Server *server, VqRequest *request, GError **error)
{
  const char *const *args = vq_protocol_request_get_args (request);
  g_autoptr (GError) failure = NULL;
  gboolean copied;

  if (!vq_protocol_check_copy_paths (args[0], args[1], error))
    return FALSE;
  copied = vq_served_copy_up (server->served, args[0], args[1], &failure);
  return reply_to_copy (server, copied, failure, error);
}

/* autopkgtest sends a directory and an environment. The protocol's specification knows neither, and
 * vectis sends none. */
static gboolean
handle_shell (Server *server, VqRequest *request, GError **error)
{
  static const char *const in_root[] = { "/", NULL };
  const char *const *args = vq_protocol_request_get_args (request);
  g_autoptr (GError) failure = NULL;

  if (args[0] == NULL)
    args = in_root;
  if (!server->served->class->shell (server->served, args[0], args + 1, &failure))
    {
      if (vq_error_is_cancelled (failure))
        {
          g_propagate_error (error, g_steal_pointer (&failure));
          return FALSE;
        }
      g_message ("%s", failure->message);
    }
  return reply_ok (server, NULL, error);
}

/* autopkgtest closes our stdout before it sends quit, so maybe nobody reads the reply, and it
 * closes our stdin afterwards. So the end of the caller does not shorten the wait for the guest's
 * power-off here. */
static gboolean
handle_quit (Server *server, VqRequest *request, GError **error)
{
  vq_line_reader_unwatch_hangup (server->lines);
  if (server->served->class->is_open (server->served))
    server->served->class->close (server->served);
  if (!reply_ok (server, NULL, NULL))
    g_debug ("nobody reads the reply to quit");
  server->quit = TRUE;
  return TRUE;
}

static gboolean
handle_auxverb_debug_fail (Server *server, VqRequest *request, GError **error)
{
  server->served->class->describe_failure (server->served);
  return reply_ok (server, NULL, error);
}

static gboolean (*const handlers[]) (Server *server, VqRequest *request, GError **error) = {
  [VQ_COMMAND_CAPABILITIES] = handle_capabilities,
  [VQ_COMMAND_OPEN] = handle_open,
  [VQ_COMMAND_REVERT] = handle_revert,
  [VQ_COMMAND_REBOOT] = handle_reboot,
  [VQ_COMMAND_CLOSE] = handle_close,
  [VQ_COMMAND_PRINT_EXECUTE_COMMAND] = handle_print_execute_command,
  [VQ_COMMAND_COPYUP] = handle_copyup,
  [VQ_COMMAND_COPYDOWN] = handle_copydown,
  [VQ_COMMAND_SHELL] = handle_shell,
  [VQ_COMMAND_QUIT] = handle_quit,
  [VQ_COMMAND_AUXVERB_DEBUG_FAIL] = handle_auxverb_debug_fail,
};

static void
on_caller_gone (gpointer data)
{
  Server *server = data;
  g_autoptr (GError) reason = NULL;

  vq_error_set (&reason, VQ_ERROR_CANCELLED, "the caller has gone away");
  vq_cancel_trigger (server->cancel, reason);
}

static gboolean
handle_line (Server *server, const char *line, GError **error)
{
  g_autoptr (VqRequest) request = vq_protocol_request_parse (line, error);
  VqCommandId command;
  gboolean done;

  if (request == NULL)
    return FALSE;
  g_debug ("request: %s", line);
  command = vq_protocol_request_get_command (request);
  if (!vq_protocol_check_state (command, server->served->class->is_open (server->served), error))
    return FALSE;
  vq_line_reader_watch_hangup (server->lines, on_caller_gone, server);
  vq_server_stats_begin (server->stats, command);
  done = handlers[command](server, request, error);
  vq_server_stats_end (server->stats);
  vq_line_reader_unwatch_hangup (server->lines);
  return done;
}

static gboolean
on_silence (gpointer data)
{
  Server *server = data;

  server->silence_id = 0;
  server->served->class->make_ready (server->served, server->in);
  return G_SOURCE_REMOVE;
}

/* Reads the next line, and uses the time until it comes. */
static gboolean
read_line (Server *server, char **line, GError **error)
{
  gboolean done;

  if (server->served->class->make_ready != NULL)
    server->silence_id = g_timeout_add (SILENCE_MS, on_silence, server);
  done = vq_line_reader_next (server->lines, line, server->cancel, error);
  g_clear_handle_id (&server->silence_id, g_source_remove);
  return done;
}

static gboolean
serve (Server *server, GError **error)
{
  if (!reply_ok (server, NULL, error))
    return FALSE;
  while (!server->quit)
    {
      g_autofree char *line = NULL;

      if (!read_line (server, &line, error))
        return FALSE;
      if (line == NULL)
        return vq_error_set (error, VQ_ERROR_FAILED,
                             "end of file on standard input: the caller has gone away");
      if (!handle_line (server, line, error))
        return FALSE;
    }
  return TRUE;
}

int
vq_server_run (VqServed *served, VqServerStats *stats, int in, int out, VqCancel *cancel)
{
  g_autoptr (VqLineReader) lines = vq_line_reader_new (in);
  Server server = { served, stats, lines, in, out, cancel, 0, FALSE };
  g_autoptr (GError) error = NULL;

  if (serve (&server, &error))
    return VQ_EXIT_OK;
  g_critical ("%s", error->message);
  return VQ_EXIT_FAILED;
}
