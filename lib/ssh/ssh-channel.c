// SPDX-License-Identifier: GPL-2.0-or-later
/* A command is WAITING for its turn to log in, then LOGGING_IN, then RUNNING. An idle source of the
 * channel starts it, or ends it if it was killed before that, so that its callback is never called
 * from inside one of the channel's functions. */
#include "ssh/ssh-channel.h"

#include <errno.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/deadline.h"
#include "base/error.h"
#include "base/fd.h"
#include "ssh/ssh-client.h"

#define LOGINS_AT_ONCE 6
#define LOGIN_PATIENCE 60.0 /* seconds */
#define KILL_PATIENCE 20    /* seconds; longer than the program's own patience */
#define REPORT_MAX 8192     /* a host key is less than a KiB of text */

typedef enum
{
  WAITING,
  LOGGING_IN,
  RUNNING,
} State;

typedef struct
{
  VqChannel parent;
  VqSshLogin *login; /* not owned */
  gint64 deadline;   /* for the first command that gets in */
  gboolean was_in;
  GQueue commands; /* of VqCommand, owned */
  guint work_id;
} SshChannel;

struct _VqCommand
{
  SshChannel *channel;
  GList link; /* in the channel's queue */
  State state;
  char **argv;     /* owned; NULL once the program has it */
  int fds[3];      /* owned: stdin, stdout, stderr; -1 once the program has them */
  VqChild *child;  /* owned; NULL while WAITING */
  int report_fd;   /* owned; CHILD's lines come from it; -1: closed */
  guint report_id; /* the source that reads them */
  GString *report;
  gboolean killed;
  guint kill_id; /* when it fires, CHILD itself is killed */
  VqCommandDone done;
  gpointer data;
};

static void
close_fds (VqCommand *command)
{
  for (guint i = 0; i < G_N_ELEMENTS (command->fds); i++)
    vq_fd_clear (&command->fds[i]);
}

static void
stop_listening (VqCommand *command)
{
  g_clear_handle_id (&command->report_id, g_source_remove);
  vq_fd_clear (&command->report_fd);
}

/* Ends and frees the command. */
static void
finish (VqCommand *command, const VqEnd *end)
{
  g_queue_unlink (&command->channel->commands, &command->link);
  g_clear_handle_id (&command->kill_id, g_source_remove);
  stop_listening (command);
  vq_child_free (command->child);
  close_fds (command);
  command->done (end, command->data);
  g_string_free (command->report, TRUE);
  g_strfreev (command->argv);
  g_free (command);
}

static void
finish_failed (VqCommand *command, const GError *error)
{
  const VqEnd end = { VQ_ENDED_FAILED, 0, error };

  finish (command, &end);
}

static gboolean work (gpointer data);

static void
work_soon (SshChannel *channel)
{
  if (channel->work_id == 0)
    channel->work_id = g_idle_add_full (G_PRIORITY_DEFAULT, work, channel, NULL);
}

/* It has logged in when its first line has come. */
static void
notice_login (VqCommand *command)
{
  SshChannel *channel = command->channel;
  const char *line = command->report->str;
  gsize start = strlen (VQ_SSH_CLIENT_KEY);

  if (command->state != LOGGING_IN || strchr (line, '\n') == NULL)
    return;
  command->state = RUNNING;
  channel->was_in = TRUE;
  if (channel->login->host_key == NULL && g_str_has_prefix (line, VQ_SSH_CLIENT_KEY))
    channel->login->host_key = g_strndup (line + start, strcspn (line + start, "\n"));
  work_soon (channel);
}

/* Reads what is there now. */
static void
read_report (VqCommand *command)
{
  char buffer[1024];
  gssize n;

  while (command->report->len < REPORT_MAX
         && (n = read (command->report_fd, buffer, sizeof buffer)) > 0)
    g_string_append_len (command->report, buffer, n);
}

static gboolean
on_report (int fd, GIOCondition events, gpointer data)
{
  VqCommand *command = data;
  gsize before = command->report->len;

  read_report (command);
  if (command->report->len == before)
    g_clear_handle_id (&command->report_id, g_source_remove);
  notice_login (command);
  return G_SOURCE_CONTINUE; /* removed already when there is no more to read */
}

/* Finds the line that begins with WORD, and the number after that. FALSE if there is none. */
static gboolean
find_number (const char *report, const char *word, int *number)
{
  g_autofree char *start = g_strconcat ("\n", word, NULL);
  const char *at = strstr (report, start);

  if (at != NULL)
    *number = atoi (at + strlen (start));
  return at != NULL;
}

static void
on_ended (VqChild *child, gpointer data)
{
  VqCommand *command = data;
  VqEnd end = { VQ_ENDED_FAILED, 0, NULL };
  g_autoptr (GError) error = NULL;

  /* We may hear of its end before we have heard of its login. */
  read_report (command);
  notice_login (command);
  if (command->killed)
    end = (VqEnd){ VQ_ENDED_SIGNALLED, SIGKILL, NULL };
  else if (find_number (command->report->str, VQ_SSH_CLIENT_EXITED, &end.value))
    end.kind = VQ_ENDED_EXITED;
  else if (find_number (command->report->str, VQ_SSH_CLIENT_SIGNALLED, &end.value))
    end.kind = VQ_ENDED_SIGNALLED;
  else
    vq_ssh_client_fail (child, &error);
  end.error = error;
  work_soon (command->channel);
  finish (command, &end);
}

static gboolean
spawn (VqCommand *command, GError **error)
{
  SshChannel *channel = command->channel;
  gint64 deadline = channel->was_in ? vq_deadline_in (LOGIN_PATIENCE) : channel->deadline;
  int ends[2];

  if (!vq_fd_open_pipe (ends, error))
    return FALSE;
  command->report_fd = ends[0];
  g_unix_set_fd_nonblocking (ends[0], TRUE, NULL);
  command->child = vq_ssh_client_run (channel->login, (const char *const *)command->argv,
                                      command->fds, ends[1], deadline, error);
  close (ends[1]);
  return command->child != NULL;
}

static void
start_or_end (VqCommand *command)
{
  static const VqEnd killed = { VQ_ENDED_SIGNALLED, SIGKILL, NULL };
  g_autoptr (GError) error = NULL;

  if (command->killed)
    finish (command, &killed);
  else if (!spawn (command, &error))
    finish_failed (command, error);
  else
    {
      command->state = LOGGING_IN;
      command->report_id
          = g_unix_fd_add (command->report_fd, G_IO_IN | G_IO_HUP, on_report, command);
      vq_child_on_ended (command->child, on_ended, command);
      close_fds (command);
      g_clear_pointer (&command->argv, g_strfreev);
    }
}

/* The command that is to be started or ended next; NULL if there is none now. */
static VqCommand *
find_next (SshChannel *channel)
{
  VqCommand *next = NULL;
  guint n_logging_in = 0;

  for (GList *link = channel->commands.head; link != NULL; link = link->next)
    {
      VqCommand *command = link->data;

      if (command->state == WAITING && command->killed)
        return command;
      if (command->state == WAITING && next == NULL)
        next = command;
      n_logging_in += command->state == LOGGING_IN;
    }
  return n_logging_in < LOGINS_AT_ONCE ? next : NULL;
}

/* Handles one command per call, because its callback may free the channel. */
static gboolean
work (gpointer data)
{
  SshChannel *channel = data;
  VqCommand *command = find_next (channel);

  if (command != NULL)
    {
      start_or_end (command);
      return G_SOURCE_CONTINUE;
    }
  channel->work_id = 0;
  return G_SOURCE_REMOVE;
}

static VqCommand *
start (VqChannel *parent, const char *const *argv, int in, int out, int err, VqCommandDone done,
       gpointer data)
{
  SshChannel *channel = (SshChannel *)parent;
  VqCommand *command = g_new0 (VqCommand, 1);

  command->channel = channel;
  command->link.data = command;
  command->argv = g_strdupv ((char **)argv);
  command->fds[0] = in;
  command->fds[1] = out;
  command->fds[2] = err;
  command->report_fd = -1;
  command->report = g_string_new (NULL);
  command->done = done;
  command->data = data;
  g_queue_push_tail_link (&channel->commands, &command->link);
  work_soon (channel);
  return command;
}

static gboolean
on_no_patience (gpointer data)
{
  VqCommand *command = data;

  command->kill_id = 0;
  vq_child_kill (command->child, SIGKILL);
  return G_SOURCE_REMOVE;
}

static void
kill_command (VqChannel *parent, VqCommand *command)
{
  if (command->killed)
    return;
  command->killed = TRUE;
  if (command->state == WAITING)
    {
      work_soon (command->channel);
      return;
    }
  vq_child_kill (command->child, SIGTERM);
  command->kill_id = g_timeout_add_seconds (KILL_PATIENCE, on_no_patience, command);
}

static void
free_channel (VqChannel *parent)
{
  SshChannel *channel = (SshChannel *)parent;
  g_autoptr (GError) error = NULL;

  vq_error_set (&error, VQ_ERROR_FAILED, "the machine was closed while the command ran");
  while (!g_queue_is_empty (&channel->commands))
    finish_failed (g_queue_peek_head (&channel->commands), error);
  g_clear_handle_id (&channel->work_id, g_source_remove);
  g_free (channel);
}

VqChannel *
vq_ssh_channel_new (VqSshLogin *login, gint64 deadline)
{
  static const VqChannelClass class = {
    .start = start,
    .kill = kill_command,
    .free = free_channel,
  };
  SshChannel *channel = g_new0 (SshChannel, 1);

  channel->parent.class = &class;
  channel->login = login;
  channel->deadline = deadline;
  g_queue_init (&channel->commands);
  return &channel->parent;
}
