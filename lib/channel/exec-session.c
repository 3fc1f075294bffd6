// SPDX-License-Identifier: GPL-2.0-or-later
/* The states of a session: READING while its request comes in, which is never read beyond its end;
 * then RUNNING while its command runs on the channel, and the socket only brings messages and tells
 * us of a hang-up; then the client is answered and its socket is closed. If a client has left or
 * has been answered while its command still runs, it is detached: the record stays, without owner
 * and socket, until the channel reports that the command is done. */
#include "channel/exec-session.h"

#include <errno.h>
#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/text.h"
#include "channel/exec-request.h"

struct _VqExecSession
{
  const VqExecSessionOwner *owner; /* NULL: detached */
  gpointer data;
  int fd; /* -1: detached */
  guint source_id;
  VqExecRequestIn *request; /* NULL: the command runs */
  VqChannel *channel;       /* not owned; set while the command runs */
  VqCommand *command;       /* NULL: the request is not complete */
  gboolean on_terminal;
  gboolean is_watched;   /* the owner wants to know how the command ends */
  VqExecMessage message; /* as far as it has come */
  gsize message_have;
};

static void
session_free (VqExecSession *session)
{
  vq_exec_request_in_free (session->request);
  g_free (session);
}

static void
tell_end (VqExecSession *session, int status)
{
  if (session->is_watched)
    session->owner->ended (status, session->data);
  session->is_watched = FALSE;
}

/* Removes the session from its owner. The rest of it is only needed by the channel. */
static void
detach (VqExecSession *session)
{
  const VqExecSessionOwner *owner;

  tell_end (session, -1);
  owner = g_steal_pointer (&session->owner);
  g_source_remove (session->source_id);
  vq_fd_clear (&session->fd);
  owner->over (session, session->data);
}

/* A reply always fits into the empty buffer of the socket, so this does not wait. It is not an
 * error if the client has left. */
static void
reply_with (VqExecSession *session, VqExecKind kind, int value, const char *text)
{
  char message[sizeof (VqExecReply) + VQ_EXEC_TEXT_MAX];
  gsize text_bytes = text == NULL ? 0 : strlen (text);
  VqExecReply reply = { VQ_EXEC_MAGIC, kind, value, text_bytes };

  g_assert (text_bytes <= VQ_EXEC_TEXT_MAX);
  memcpy (message, &reply, sizeof reply);
  if (text_bytes > 0)
    memcpy (message + sizeof reply, text, text_bytes);
  if (send (session->fd, message, sizeof reply + text_bytes, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
    g_debug ("cannot answer an exec client: %s", g_strerror (errno));
}

static void
reply_failure (VqExecSession *session, const char *why)
{
  /* 3 bytes are reserved for the "..." of a text that is cut. */
  g_autofree char *text = vq_text_printable (why, strlen (why), VQ_EXEC_TEXT_MAX - 3);

  reply_with (session, VQ_EXEC_FAILED, 0, text);
}

static void
command_done (const VqEnd *end, gpointer data)
{
  VqExecSession *session = data;

  if (session->owner != NULL)
    {
      if (end->kind == VQ_ENDED_FAILED)
        reply_failure (session, end->error->message);
      else
        {
          tell_end (session, end->kind == VQ_ENDED_EXITED ? end->value : -1);
          reply_with (session, end->kind == VQ_ENDED_EXITED ? VQ_EXEC_EXITED : VQ_EXEC_SIGNALLED,
                      end->value, NULL);
        }
      detach (session);
    }
  session_free (session);
}

/* Ends the session of a client that has left or been answered. It may have been freed when this
 * returns. */
static void
end (VqExecSession *session)
{
  VqCommand *command = session->command;

  detach (session);
  if (command != NULL)
    vq_channel_kill (session->channel, command);
  else
    session_free (session);
}

void
vq_exec_session_fail (VqExecSession *session, const char *why)
{
  reply_failure (session, why);
  end (session);
}

/* Passes on SIGNUM to the command, or kills it. The session may be over when this returns. */
static void
pass_signal (VqExecSession *session, guint32 signum)
{
  if (signum == 0 || signum >= NSIG)
    vq_exec_session_fail (session, "the message is not valid: there is no such signal");
  else if (signum == SIGKILL || !vq_channel_signal (session->channel, session->command, signum))
    vq_channel_kill (session->channel, session->command);
}

static void
obey (VqExecSession *session)
{
  const guint32 *values = session->message.values;

  session->message_have = 0;
  if (session->message.kind == VQ_EXEC_SIGNAL)
    pass_signal (session, values[0]);
  else if (session->message.kind == VQ_EXEC_WINDOW_SIZE && session->on_terminal)
    vq_channel_resize (session->channel, session->command, values[0], values[1]);
  else
    vq_exec_session_fail (session, "the message is not valid");
}

/* Reads one message at most, so that one client does not hold up the others. A source that is not
 * needed any more has already been removed. */
static gboolean
on_message (int fd, GIOCondition events, gpointer data)
{
  VqExecSession *session = data;
  gssize n = recv (fd, (guint8 *)&session->message + session->message_have,
                   sizeof session->message - session->message_have, MSG_DONTWAIT);

  if (n > 0)
    session->message_have += n;
  else if (n == 0 || (errno != EAGAIN && errno != EINTR))
    end (session);
  if (n > 0 && session->message_have == sizeof session->message)
    obey (session);
  return G_SOURCE_CONTINUE;
}

static VqCommand *
start_command (VqExecSession *session)
{
  const char *const *argv = vq_exec_request_in_get_argv (session->request);
  VqTerminal terminal;
  int stdio[VQ_EXEC_N_FDS];

  vq_exec_request_in_steal_stdio (session->request, stdio);
  session->on_terminal = vq_exec_request_in_get_terminal (session->request, &terminal);
  if (!session->on_terminal)
    return vq_channel_start (session->channel, argv, stdio[0], stdio[1], stdio[2], command_done,
                             session);
  vq_fd_clear (&stdio[2]);
  return vq_channel_start_terminal (session->channel, &terminal, stdio[0], stdio[1], command_done,
                                    session);
}

static void
on_request (VqExecSession *session)
{
  const char *why;
  VqTerminal terminal;

  session->channel = session->owner->get_channel (session->data, &why);
  if (session->channel == NULL)
    {
      vq_exec_session_fail (session, why);
      return;
    }
  if (vq_exec_request_in_get_terminal (session->request, &terminal)
      && !vq_channel_has_terminals (session->channel))
    {
      vq_exec_session_fail (session, "commands in this guest cannot have a terminal, because our "
                                     "helper does not run in it");
      return;
    }
  session->is_watched
      = session->owner->begins (vq_exec_request_in_get_argv (session->request), session->data);
  session->command = start_command (session);
  g_clear_pointer (&session->request, vq_exec_request_in_free);
  g_source_remove (session->source_id);
  session->source_id
      = g_unix_fd_add (session->fd, G_IO_IN | G_IO_HUP | G_IO_ERR, on_message, session);
}

static gboolean
on_readable (int fd, GIOCondition events, gpointer data)
{
  VqExecSession *session = data;
  const char *wrong;

  switch (vq_exec_request_in_receive (session->request, fd, &wrong))
    {
    case VQ_EXEC_REQUEST_PARTIAL:
      break;
    case VQ_EXEC_REQUEST_COMPLETE:
      on_request (session);
      break;
    case VQ_EXEC_REQUEST_WRONG:
      vq_exec_session_fail (session, wrong);
      break;
    }
  return G_SOURCE_CONTINUE; /* if the source is not needed any more, it has already been removed */
}

VqExecSession *
vq_exec_session_new (int fd, const VqExecSessionOwner *owner, gpointer data)
{
  VqExecSession *session = g_new0 (VqExecSession, 1);

  session->owner = owner;
  session->data = data;
  session->fd = fd;
  session->request = vq_exec_request_in_new ();
  session->source_id = g_unix_fd_add (fd, G_IO_IN | G_IO_HUP | G_IO_ERR, on_readable, session);
  return session;
}

gboolean
vq_exec_session_is_running (VqExecSession *session)
{
  return session->command != NULL;
}
