// SPDX-License-Identifier: GPL-2.0-or-later
#include "ssh/ssh-session.h"

#include <errno.h>
#include <fcntl.h>
#include <libssh/callbacks.h>
#include <libssh/server.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "ssh/ssh-attempt.h"
#include "base/text.h"

/* libssh reads 4 KiB at once. So often it may before the others have their turn. */
#define READS_PER_TURN 64

/* What libssh may hold that the server does not take, beyond what we send ourselves: replies. */
#define UNSENT_MAX (4 * 1024 * 1024)
#define PACKET_OVERHEAD 64 /* bytes, at most */

#define TEXT_MAX 300

struct _VqSshSession
{
  VqSshLogin *login;     /* not owned */
  ssh_session ssh;       /* owned */
  VqSshAttempt *attempt; /* owned; NULL when logged in */
  ssh_event event;       /* owned; NULL before that */
  GPollFD poll;          /* unless paused, what SOURCE polls: a copy of libssh's descriptor, owned,
                          * as libssh closes its own whenever it likes */
  GSource *source;       /* owned; NULL: lost */
  gboolean touched;
  guint pauses;
  GQueue users; /* of VqSshUser, not owned */
  gboolean has_changed;
  void (*changed) (gpointer data);
  gpointer data;
  GError *error;
  struct ssh_counter_struct wire, packets; /* what went over the connection, and what was in it */
  guint64 bytes_seen;                      /* of WIRE's, when the users were last asked */
  gint64 unsent_base;                      /* count_unsent when nothing waited */
};

typedef struct
{
  GSource source;
  VqSshSession *session;
} SessionSource;

static gboolean
is_broken (VqSshSession *session)
{
  return !ssh_is_connected (session->ssh)
         || (ssh_get_status (session->ssh) & (SSH_CLOSED | SSH_CLOSED_ERROR)) != 0;
}

/* Takes ERROR. */
static void
lose (VqSshSession *session, GError *error)
{
  VqSshUser *user;

  session->error = error;
  g_source_destroy (session->source);
  g_clear_pointer (&session->source, g_source_unref);
  while ((user = g_queue_peek_head (&session->users)) != NULL)
    {
      g_queue_unlink (&session->users, &user->link);
      user->lost (error, user->data);
    }
  session->has_changed = TRUE;
}

static void
lose_for (VqSshSession *session, const char *why)
{
  GError *error = NULL;

  vq_error_set (&error, VQ_ERROR_PEER, "the ssh connection to the guest is lost: %s", why);
  lose (session, error);
}

/* An estimate, as it does not know the padding; only its growth since UNSENT_BASE counts. */
static gint64
count_unsent (VqSshSession *session)
{
  return (gint64)(session->packets.out_bytes + session->packets.out_packets * PACKET_OVERHEAD)
         - (gint64)session->wire.out_bytes;
}

static gboolean
has_unsent (VqSshSession *session)
{
  return (ssh_get_status (session->ssh) & SSH_WRITE_PENDING) != 0;
}

static void
check_health (VqSshSession *session)
{
  if (session->source == NULL)
    return;
  if (is_broken (session))
    {
      const char *text = ssh_get_error (session->ssh);
      g_autofree char *printable = vq_text_printable (text, strlen (text), TEXT_MAX);

      lose_for (session, printable);
    }
  else if (!has_unsent (session))
    session->unsent_base = count_unsent (session);
  else if (count_unsent (session) - session->unsent_base > UNSENT_MAX)
    lose_for (session, "the server asks much, but does not read the answers");
}

/* From then on libssh can be asked to serve the connection as such. */
static void
become_ready (VqSshSession *session)
{
  g_clear_pointer (&session->attempt, vq_ssh_attempt_free);
  session->event = ssh_event_new ();
  if (session->event == NULL || ssh_event_add_session (session->event, session->ssh) != SSH_OK)
    g_error ("out of memory");
  session->has_changed = TRUE;
}

static void
get_in (VqSshSession *session)
{
  GError *error = NULL;

  switch (vq_ssh_attempt_go_on (session->attempt, &error))
    {
    case VQ_SSH_ATTEMPT_IN:
      become_ready (session);
      return;
    case VQ_SSH_ATTEMPT_FAILED:
      lose (session, error);
      return;
    default:
      return;
    }
}

static void
read_on (VqSshSession *session)
{
  guint i = 0;

  while (session->pauses == 0 && i++ < READS_PER_TURN
         && ssh_event_dopoll (session->event, 0) == SSH_OK)
    ;
}

/* Each user in turn, beginning with another one each time: the first of them may take all the room
 * that the connection has. */
static void
ask_users (VqSshSession *session)
{
  session->bytes_seen = session->wire.in_bytes;
  if (session->users.head != NULL)
    g_queue_push_tail_link (&session->users, g_queue_pop_head_link (&session->users));
  for (GList *link = session->users.head, *next; link != NULL; link = next)
    {
      VqSshUser *user = link->data;

      next = link->next;
      user->step (user->data);
    }
  vq_ssh_session_touch (session);
}

static void
serve (VqSshSession *session)
{
  session->touched = FALSE;
  if (session->attempt != NULL)
    get_in (session);
  if (session->attempt != NULL || session->source == NULL)
    return;
  read_on (session);
  check_health (session);
  if (session->source == NULL)
    return;
  ask_users (session);
  check_health (session);
}

static gboolean
dispatch (GSource *source, GSourceFunc callback, gpointer data)
{
  VqSshSession *session = ((SessionSource *)source)->session;

  serve (session);
  if (session->has_changed)
    {
      session->has_changed = FALSE;
      if (session->changed != NULL)
        session->changed (session->data);
    }
  return G_SOURCE_CONTINUE; /* destroyed already if it was lost */
}

/* The events are set here, as g_source_modify_unix_fd would wake up the context each time. */
static gboolean
prepare (GSource *source, int *timeout)
{
  VqSshSession *session = ((SessionSource *)source)->session;
  int flags = ssh_get_poll_flags (session->ssh);

  *timeout = -1;
  if (flags == 0 && session->attempt != NULL)
    flags
        = SSH_WRITE_PENDING; /* libssh was not asked anything yet: it is connected when writable */
  session->poll.events = G_IO_ERR | G_IO_HUP;
  if ((flags & SSH_READ_PENDING) != 0)
    session->poll.events |= G_IO_IN;
  if ((flags & SSH_WRITE_PENDING) != 0)
    session->poll.events |= G_IO_OUT;
  return session->touched && session->pauses == 0;
}

static gboolean
check (GSource *source)
{
  VqSshSession *session = ((SessionSource *)source)->session;

  return session->pauses == 0 && (session->touched || session->poll.revents != 0);
}

static void
add_source (VqSshSession *session)
{
  static GSourceFuncs funcs = { .prepare = prepare, .check = check, .dispatch = dispatch };

  session->source = g_source_new (&funcs, sizeof (SessionSource));
  ((SessionSource *)session->source)->session = session;
  g_source_add_poll (session->source, &session->poll);
  g_source_attach (session->source, NULL);
}

/* Otherwise libssh would keep what the server asks for, without end. */
static int
decline (ssh_session ssh, ssh_message message, void *data)
{
  return 1;
}

static VqSshSession *
session_new (VqSshLogin *login, int fd)
{
  VqSshSession *session = g_new0 (VqSshSession, 1);

  session->login = login;
  session->poll.fd = fcntl (fd, F_DUPFD_CLOEXEC, 3);
  g_queue_init (&session->users);
  session->ssh = ssh_new ();
  if (session->ssh == NULL)
    g_error ("out of memory");
  ssh_set_counters (session->ssh, &session->wire, &session->packets);
  ssh_set_message_callback (session->ssh, decline, NULL);
  return session;
}

VqSshSession *
vq_ssh_session_start (VqSshLogin *login, GError **error)
{
  g_autoptr (VqSshSession) session = NULL;
  int fd = vq_ssh_attempt_open_socket (login->port, error);

  if (fd < 0)
    return NULL;
  session = session_new (login, fd);
  session->attempt = vq_ssh_attempt_new (login, session->ssh, fd, error);
  if (session->attempt == NULL)
    {
      close (fd);
      return NULL;
    }
  add_source (session);
  session->touched = TRUE;
  return g_steal_pointer (&session);
}

/* The source is there from the start until it is lost. What users have said last still leaves if
 * the socket takes it now. */
void
vq_ssh_session_free (VqSshSession *session)
{
  if (session == NULL)
    return;
  session->changed = NULL;
  if (session->source != NULL)
    lose_for (session, "it was closed");
  g_clear_pointer (&session->attempt, vq_ssh_attempt_free);
  if (session->event != NULL)
    {
      ssh_event_remove_session (session->event, session->ssh);
      ssh_event_free (session->event);
    }
  ssh_free (session->ssh);
  if (session->poll.fd >= 0)
    close (session->poll.fd);
  g_clear_error (&session->error);
  g_free (session);
}

void
vq_ssh_session_watch (VqSshSession *session, void (*changed) (gpointer data), gpointer data)
{
  session->changed = changed;
  session->data = data;
}

gboolean
vq_ssh_session_is_ready (VqSshSession *session)
{
  return session->source != NULL && session->attempt == NULL;
}

gboolean
vq_ssh_session_has_answered (VqSshSession *session)
{
  return ssh_get_serverbanner (session->ssh) != NULL;
}

const GError *
vq_ssh_session_get_error (VqSshSession *session)
{
  return session->error;
}

const char *
vq_ssh_session_get_user (VqSshSession *session)
{
  return session->login->user;
}

void
vq_ssh_session_add_user (VqSshSession *session, VqSshUser *user)
{
  g_assert (vq_ssh_session_is_ready (session));
  user->link = (GList){ .data = user };
  g_queue_push_tail_link (&session->users, &user->link);
  session->touched = TRUE;
}

void
vq_ssh_session_remove_user (VqSshSession *session, VqSshUser *user)
{
  g_queue_unlink (&session->users, &user->link);
  session->has_changed = TRUE;
  session->touched = TRUE;
}

guint
vq_ssh_session_count_users (VqSshSession *session)
{
  return g_queue_get_length (&session->users);
}

ssh_session
vq_ssh_session_get_handle (VqSshSession *session)
{
  return vq_ssh_session_is_ready (session) ? session->ssh : NULL;
}

void
vq_ssh_session_touch (VqSshSession *session)
{
  if (session->wire.in_bytes != session->bytes_seen || is_broken (session))
    session->touched = TRUE;
}

gboolean
vq_ssh_session_is_busy (VqSshSession *session)
{
  return session->pauses > 0 || has_unsent (session);
}

/* A descriptor that is polled for nothing would still be reported when it is hung up. */
void
vq_ssh_session_pause (VqSshSession *session)
{
  if (session->pauses++ == 0 && session->source != NULL)
    g_source_remove_poll (session->source, &session->poll);
}

void
vq_ssh_session_resume (VqSshSession *session)
{
  g_assert (session->pauses > 0);
  if (--session->pauses > 0 || session->source == NULL)
    return;
  session->poll.revents = 0;
  g_source_add_poll (session->source, &session->poll);
  session->touched = TRUE;
}
