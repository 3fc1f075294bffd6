// SPDX-License-Identifier: GPL-2.0-or-later
#include "ssh/ssh-run.h"

#include <errno.h>
#include <fcntl.h>
#include <libssh/callbacks.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "io/foreign-fd.h"
#include "ssh/ssh-connect.h"
#include "ssh/ssh-script.h"

#define CHUNK (64 * 1024) /* bytes read from stdin at once */
#define TEXT_MAX 300

/* libssh reads 4 KiB at once. It may do so this many times before it is stdin's turn. */
#define READS_PER_TURN 64

/* How much output is still taken after the end of the command. It is more than the server and a
 * pipe can hold, so only a daemon that the command has left behind can write more. */
#define MORE_MAX (3 * 1024 * 1024)
#define QUESTIONS_MAX 64
#define QUIET_ENOUGH 2

/* libssh keeps the answers that the server does not read; so many take some 1.5 MiB. A good server
 * gets one for each MiB of output, and soon has read all of them. */
#define ANSWERS_MAX 16384

#define KILL_PATIENCE 10.0 /* seconds, to log in once more */

typedef struct
{
  const char *name;
  VqForeignFd file; /* closed if nobody wants the output any more */
  VqSshMark mark;
} Output;

typedef struct
{
  ssh_session ssh;
  VqSshLogin *login;
  ssh_event event; /* polls SSH, for all commands on it */
  struct ssh_counter_struct packets;
  guint64 n_unread; /* answers to the server since it last had read all */
} Connection;

typedef struct
{
  Connection *connection;
  int stop_fd; /* becomes readable when the command is to be killed; -1: never */
  ssh_channel channel;
  struct ssh_channel_callbacks_struct callbacks;
  VqForeignFd in;
  gboolean fed;      /* nothing more is sent to stdin */
  Output outputs[2]; /* stdout, stderr */
  guint64 count;     /* how many bytes of output have come */
  gboolean unread;   /* nobody reads one of the outputs any more */
  GError *loss;      /* some of the input or output is lost; NULL: none */
  gboolean stopped;
  gboolean eof, closed; /* by the server */
  gboolean exited;
  VqEndKind kind; /* KIND and VALUE are set once it has exited */
  int value;
  gboolean drained; /* all that it had written has come */
} Command;

static gboolean
is_deaf (Connection *connection)
{
  return connection->n_unread > ANSWERS_MAX;
}

static gboolean
is_broken (Connection *connection)
{
  ssh_session ssh = connection->ssh;

  return !ssh_is_connected (ssh) || (ssh_get_status (ssh) & (SSH_CLOSED | SSH_CLOSED_ERROR)) != 0
         || is_deaf (connection);
}

static guint
get_pid (Command *command)
{
  return command->outputs[0].mark.pid;
}

/* A command has not succeeded if some of its input or output is lost. */
static void
note_loss (Command *command, const char *stream, const char *what, int errnum)
{
  if (command->loss == NULL)
    vq_error_set_errno (&command->loss, errnum, "%s of the command is lost: %s", stream, what);
}

/* A full disk is a loss. That nobody reads any more is not, because the reader wanted that. */
static void
note_lost_output (Command *command, Output *output, int errnum)
{
  if (errnum != EPIPE)
    note_loss (command, output->name, "cannot write", errnum);
}

static void
close_outputs (Command *command)
{
  for (guint i = 0; i < G_N_ELEMENTS (command->outputs); i++)
    if (!vq_foreign_fd_clear (&command->outputs[i].file))
      note_lost_output (command, &command->outputs[i], errno);
}

static void
stop (Command *command)
{
  command->stopped = TRUE;
  close_outputs (command);
}

/* Waits for any of FDS, the last of which is filled in here, for the order to stop. */
static void
wait_for (Command *command, struct pollfd *fds, nfds_t n)
{
  fds[n - 1] = (struct pollfd){ command->stop_fd, POLLIN, 0 };
  if (poll (fds, n, -1) <= 0 || fds[n - 1].revents == 0)
    return;
  command->stop_fd = -1;
  stop (command);
}

static void
break_off (Command *command, Output *output, int errnum)
{
  note_lost_output (command, output, errnum);
  vq_foreign_fd_clear (&output->file);
  command->unread = TRUE;
}

/* Waits until all of it is written, or nobody wants it any more. */
static void
write_out (Command *command, Output *output, const guint8 *bytes, gsize n)
{
  while (n > 0 && output->file.fd >= 0)
    {
      struct pollfd fds[2] = { { output->file.fd, POLLOUT, 0 } };
      gssize written = vq_foreign_fd_write (&output->file, bytes, n);

      if (written < 0 && errno != EAGAIN)
        break_off (command, output, errno);
      else if (written < 0)
        wait_for (command, fds, 2);
      bytes += MAX (written, 0);
      n -= MAX (written, 0);
    }
}

/* libssh's callbacks. Nearly all of its functions may call them. */

static int
on_data (ssh_session ssh, ssh_channel channel, void *bytes, uint32_t n, int is_err, void *data)
{
  Command *command = data;
  Output *output = &command->outputs[is_err ? 1 : 0];
  gsize own = vq_ssh_script_mark_look (&output->mark, bytes, n);

  command->count += n;
  write_out (command, output, (const guint8 *)bytes + n - own, own);
  return (int)n;
}

static void
on_eof (ssh_session ssh, ssh_channel channel, void *data)
{
  ((Command *)data)->eof = TRUE;
}

static void
on_close (ssh_session ssh, ssh_channel channel, void *data)
{
  Command *command = data;

  command->eof = TRUE;
  command->closed = TRUE;
}

/* Keeps the first end if the server reports several. */
static void
set_end (Command *command, VqEndKind kind, int value)
{
  if (command->exited)
    return;
  command->exited = TRUE;
  command->kind = kind;
  command->value = value;
}

static void
on_status (ssh_session ssh, ssh_channel channel, int status, void *data)
{
  set_end (data, VQ_ENDED_EXITED, status & 0xff);
}

/* In ssh, signals have names without "SIG" (RFC 4254, section 6.10). OpenSSH's server has no names
 * for SIGBUS and some others. */
static int
get_signal_number (const char *name)
{
  static const struct
  {
    const char *name;
    int number;
  } signals[] = {
    { "ABRT", SIGABRT }, { "ALRM", SIGALRM }, { "BUS", SIGBUS },   { "CHLD", SIGCHLD },
    { "CONT", SIGCONT }, { "FPE", SIGFPE },   { "HUP", SIGHUP },   { "ILL", SIGILL },
    { "INT", SIGINT },   { "IO", SIGIO },     { "KILL", SIGKILL }, { "PIPE", SIGPIPE },
    { "PROF", SIGPROF }, { "PWR", SIGPWR },   { "QUIT", SIGQUIT }, { "SEGV", SIGSEGV },
    { "STOP", SIGSTOP }, { "SYS", SIGSYS },   { "TERM", SIGTERM }, { "TRAP", SIGTRAP },
    { "TSTP", SIGTSTP }, { "TTIN", SIGTTIN }, { "TTOU", SIGTTOU }, { "URG", SIGURG },
    { "USR1", SIGUSR1 }, { "USR2", SIGUSR2 }, { "XCPU", SIGXCPU }, { "XFSZ", SIGXFSZ },
  };

  for (guint i = 0; i < G_N_ELEMENTS (signals); i++)
    if (g_strcmp0 (name, signals[i].name) == 0)
      return signals[i].number;
  return SIGABRT;
}

static void
on_signal (ssh_session ssh, ssh_channel channel, const char *name, int core, const char *message,
           const char *language, void *data)
{
  set_end (data, VQ_ENDED_SIGNALLED, get_signal_number (name));
}

static gboolean
fail (const char *what, const char *why, GError **error)
{
  g_autofree char *printable = vq_text_printable (why, strlen (why), TEXT_MAX);

  return vq_error_set (error, VQ_ERROR_PEER, "%s: %s", what, printable);
}

static gboolean
fail_for_loss (Connection *connection, GError **error)
{
  const char *why = is_deaf (connection) ? "the server asks without end and reads no answer"
                                         : ssh_get_error (connection->ssh);

  return fail ("the ssh connection to the guest is lost", why, error);
}

/* For a request that failed, because the server refused it or because it is lost. */
static gboolean
fail_for_server (Connection *connection, const char *what, GError **error)
{
  return is_broken (connection) ? fail_for_loss (connection, error)
                                : fail (what, ssh_get_error (connection->ssh), error);
}

static gboolean
open_channel (Command *command, GError **error)
{
  ssh_session ssh = command->connection->ssh;

  command->channel = ssh_channel_new (ssh);
  if (command->channel == NULL)
    g_error ("out of memory");
  command->callbacks = (struct ssh_channel_callbacks_struct){
    .userdata = command,
    .channel_data_function = on_data,
    .channel_eof_function = on_eof,
    .channel_close_function = on_close,
    .channel_exit_status_function = on_status,
    .channel_exit_signal_function = on_signal,
  };
  ssh_callbacks_init (&command->callbacks);
  ssh_add_channel_callbacks (command->channel, &command->callbacks);
  return ssh_channel_open_session (command->channel) == SSH_OK
         || fail_for_server (command->connection, "the ssh server in the guest starts no command",
                             error);
}

/* If they cannot be sent, the command's end says why. */
static void
send_bytes (Command *command, const guint8 *bytes, gsize n)
{
  int sent = 1;

  for (gsize at = 0; at < n && sent > 0; at += MAX (sent, 0))
    sent = ssh_channel_write (command->channel, bytes + at, n - at);
  command->fed |= sent <= 0;
}

static gboolean
start_script (Command *command, GBytes *begin, GError **error)
{
  gboolean is_root = strcmp (command->connection->login->user, "root") == 0;

  if (ssh_channel_request_exec (command->channel, vq_ssh_script_get (!is_root)) != SSH_OK)
    return fail_for_server (command->connection, "the ssh server in the guest runs no command",
                            error);
  send_bytes (command, g_bytes_get_data (begin, NULL), g_bytes_get_size (begin));
  return TRUE;
}

/* Sends the end of stdin. If there may be more that cannot be read, stops the command instead. */
static void
end_input (Command *command, gssize n, int errnum)
{
  command->fed = TRUE;
  if (n < 0 && vq_foreign_fd_may_have_more (&command->in))
    {
      note_loss (command, "stdin", "cannot read", errnum);
      stop (command);
    }
  else
    ssh_channel_send_eof (command->channel);
}

/* Sends what stdin has now, but reads no more than the server has room for. */
static void
feed (Command *command)
{
  guint8 chunk[CHUNK];
  gsize room = MIN (ssh_channel_window_size (command->channel), sizeof chunk);
  gssize n;

  if (command->fed || room == 0)
    return;
  n = vq_foreign_fd_read (&command->in, chunk, room);
  if (n > 0)
    send_bytes (command, chunk, n);
  else if (n == 0 || errno != EAGAIN)
    end_input (command, n, errno);
}

/* Takes what the server has sent, and answers what it has asked. */
static void
listen_once (Connection *connection)
{
  guint64 before = connection->packets.out_packets;

  for (guint i = 0; i < READS_PER_TURN; i++)
    if (ssh_event_dopoll (connection->event, 0) != SSH_OK)
      break;
  connection->n_unread += connection->packets.out_packets - before;
  if ((ssh_get_status (connection->ssh) & SSH_WRITE_PENDING) == 0)
    connection->n_unread = 0;
}

static void
wait_for_news (Command *command)
{
  ssh_session ssh = command->connection->ssh;
  int flags = ssh_get_poll_flags (ssh);
  gboolean wants_input = !command->fed && ssh_channel_window_size (command->channel) > 0;
  struct pollfd fds[3]
      = { { ssh_get_fd (ssh), POLLIN | ((flags & SSH_WRITE_PENDING) != 0 ? POLLOUT : 0), 0 },
          { wants_input ? command->in.fd : -1, POLLIN, 0 } };

  wait_for (command, fds, 3);
  listen_once (command->connection);
}

static gboolean
is_noise_only (Command *command)
{
  return vq_ssh_script_mark_is_lost (&command->outputs[0].mark)
         || vq_ssh_script_mark_is_lost (&command->outputs[1].mark);
}

static gboolean
is_over (Command *command)
{
  return command->exited || command->closed || is_noise_only (command)
         || is_broken (command->connection) || (command->stopped && get_pid (command) != 0);
}

static void send_signal (Connection *connection, guint pid, const char *name);

static void
serve (Command *command)
{
  gboolean told = FALSE;

  while (feed (command), !is_over (command))
    if (command->unread && !told && get_pid (command) != 0)
      {
        told = TRUE;
        send_signal (command->connection, get_pid (command), "PIPE");
      }
    else
      wait_for_news (command);
}

/* Waits for an answer of the server to some request; it refuses this one, because the command runs
 * already. No answer comes if the server closes the channel meanwhile. */
static void
ask (Command *command)
{
  while (ssh_channel_request_env (command->channel, "VQ", "1") == SSH_AGAIN && !command->eof
         && !command->stopped && !is_broken (command->connection))
    wait_for_news (command);
}

/* The server reports the end of a command as soon as its process has ended. Some of its output may
 * still be in a pipe then, and the end of the output never comes if a daemon holds the pipe open.
 * So we ask the server something, again and again: if output came before the answer, there may be
 * more. OpenSSH reads from the pipe and sends once between two answers, so all output has come
 * after two answers with nothing before them. */
static void
drain (Command *command)
{
  guint64 limit = command->count + MORE_MAX;
  guint n_quiet = 0;

  command->fed = TRUE;
  ssh_set_blocking (command->connection->ssh, FALSE);
  for (guint i = 0; i < QUESTIONS_MAX && n_quiet < QUIET_ENOUGH; i++)
    {
      guint64 before = command->count;

      if (command->eof || command->count > limit)
        break;
      ask (command);
      if (is_broken (command->connection))
        return;
      n_quiet = command->count == before ? n_quiet + 1 : 0;
    }
  command->drained = TRUE;
}

static gboolean
fail_to_start (Command *command, const char *why, GError **error)
{
  return fail ("the guest's shell did not start the command", why, error);
}

/* The shell's last line says why it did not start the command. */
static gboolean
fail_for_noise (Command *command, GError **error)
{
  g_autofree char *err = vq_ssh_script_mark_get_noise (&command->outputs[1].mark);
  g_autofree char *out = vq_ssh_script_mark_get_noise (&command->outputs[0].mark);

  return fail_to_start (command,
                        err[0] != '\0'   ? err
                        : out[0] != '\0' ? out
                                         : "it said nothing",
                        error);
}

/* If the command never started, that is a failure of ours and not its end. */
static gboolean
judge (Command *command, VqEnd *end, GError **error)
{
  *end = (VqEnd){ command->kind, command->value, NULL };
  if (command->loss != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&command->loss));
      return FALSE;
    }
  if (command->stopped)
    *end = (VqEnd){ VQ_ENDED_SIGNALLED, SIGKILL, NULL };
  else if (is_noise_only (command))
    return fail_to_start (command, "it writes without end", error);
  else if (!command->drained && is_broken (command->connection))
    return fail_for_loss (command->connection, error);
  else if (!command->exited)
    return fail ("the ssh server in the guest", "it does not tell how the command ended", error);
  else if (get_pid (command) == 0)
    return fail_for_noise (command, error);
  return TRUE;
}

static gboolean
go_through (Command *command, GBytes *begin, VqEnd *end, GError **error)
{
  if (!open_channel (command, error) || !start_script (command, begin, error))
    return FALSE;
  serve (command);
  if (command->stopped && !command->exited && get_pid (command) != 0)
    send_signal (command->connection, get_pid (command), "KILL");
  else if (command->exited && !command->stopped)
    drain (command);
  close_outputs (command);
  return judge (command, end, error);
}

/* A server that is deaf would ask on while libssh says goodbye to it. */
static void
command_clear (Command *command)
{
  vq_foreign_fd_clear (&command->in);
  close_outputs (command);
  g_clear_error (&command->loss);
  vq_ssh_script_mark_clear (&command->outputs[0].mark);
  vq_ssh_script_mark_clear (&command->outputs[1].mark);
  ssh_remove_channel_callbacks (command->channel, &command->callbacks);
  if (!is_deaf (command->connection))
    ssh_channel_free (command->channel);
}

static gboolean
run (Connection *connection, GBytes *begin, const int fds[3], int stop_fd, VqEnd *end,
     GError **error)
{
  Command command = { .connection = connection,
                      .stop_fd = stop_fd,
                      .outputs = { { .name = "stdout" }, { .name = "stderr" } } };
  gboolean done;

  vq_foreign_fd_init (&command.in, fds[0], O_RDONLY);
  vq_foreign_fd_init (&command.outputs[0].file, fds[1], O_WRONLY);
  vq_foreign_fd_init (&command.outputs[1].file, fds[2], O_WRONLY);
  done = go_through (&command, begin, end, error);
  command_clear (&command);
  return done;
}

static gboolean
run_over (ssh_session ssh, VqSshLogin *login, GBytes *begin, const int fds[3], int stop_fd,
          VqEnd *end, GError **error)
{
  Connection connection = { .ssh = ssh, .login = login, .event = ssh_event_new () };
  gboolean done;

  if (connection.event == NULL || ssh_event_add_session (connection.event, ssh) != SSH_OK)
    g_error ("out of memory");
  ssh_set_counters (ssh, NULL, &connection.packets);
  done = run (&connection, begin, fds, stop_fd, end, error);
  ssh_set_counters (ssh, NULL, NULL);
  if (is_deaf (&connection))
    ssh_silent_disconnect (ssh);
  ssh_event_remove_session (connection.event, ssh);
  ssh_event_free (connection.event);
  return done;
}

/* Sends a signal to the process group PID in the guest. */
static void
send_signal (Connection *connection, guint pid, const char *name)
{
  static const int none[] = { -1, -1, -1 };
  g_autofree char *text = g_strdup_printf ("%u", pid);
  const char *const argv[] = { "sh", "-c", "kill -s \"$1\" -- \"-$2\"", "sh", name, text, NULL };
  g_autoptr (GBytes) begin = vq_ssh_script_begin (argv);
  g_auto (ssh_session) other = NULL;
  VqEnd end;

  if (run (connection, begin, none, -1, &end, NULL))
    return;
  other = vq_ssh_connect (connection->login, vq_deadline_in (KILL_PATIENCE), NULL);
  if (other == NULL || !run_over (other, connection->login, begin, none, -1, &end, NULL))
    g_message ("a command could not be sent SIG%s", name);
}

gboolean
vq_ssh_run (ssh_session ssh, VqSshLogin *login, GBytes *begin, int in, int out, int err, VqEnd *end,
            GError **error)
{
  const int fds[] = { in, out, err };
  vq_autofd int stop_fd = -1;
  sigset_t stop;

  sigemptyset (&stop);
  sigaddset (&stop, SIGTERM);
  sigprocmask (SIG_BLOCK, &stop, NULL);
  stop_fd = signalfd (-1, &stop, SFD_CLOEXEC);
  return run_over (ssh, login, begin, fds, stop_fd, end, error);
}
