// SPDX-License-Identifier: GPL-2.0-or-later
#include "verb/verb-exec.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/arguments.h"
#include "base/error.h"
#include "base/signals.h"
#include "channel/channel-call.h"
#include "channel/exec-client.h"
#include "instance/instance-socket.h"
#include "verb/guest-command.h"
#include "verb/verb-output.h"

#define NAME "virt-qemu exec"

#define STATUS_TIMEOUT 124
#define STATUS_FAILED 125 /* of ours, not of the command */
#define STATUS_SIGNAL 128 /* and the signal's number */

enum
{
  OPTION_USER,
  OPTION_CWD,
  OPTION_ENV,
  OPTION_TIMEOUT,
  OPTION_HELP,
};

static const VqArgument arguments_table[] = {
  [OPTION_USER] = { "user", 0, TRUE },    [OPTION_CWD] = { "cwd", 0, TRUE },
  [OPTION_ENV] = { "env", 0, TRUE },      [OPTION_TIMEOUT] = { "timeout", 0, TRUE },
  [OPTION_HELP] = { "help", 'h', FALSE }, { NULL },
};

static const char help[]
    = "Usage: " NAME " [OPTION...] NAME [--] COMMAND [ARGUMENT...]\n"
      "\n"
      "Runs a command in the machine NAME, with our stdin, stdout and stderr. The \"--\" may\n"
      "be left out if COMMAND does not begin with \"-\". The command is not passed to a\n"
      "shell. The signals INT, TERM, HUP, QUIT, USR1 and USR2 are passed on to it.\n"
      "\n"
      "      --user=USER       run it as this user of the machine, by name or number\n"
      "                        (default: root)\n"
      "      --cwd=DIRECTORY   run it in this directory (default: /)\n"
      "      --env=NAME=VALUE  add this to its environment; may be given several times\n"
      "      --timeout=SECONDS kill it if it takes longer\n"
      "  -h, --help            show this text and exit\n"
      "\n"
      "The exit status is the command's; 128 + N if signal N has ended it; 124 if it took\n"
      "too long; 125 if we have failed; 126 if it cannot be run; 127 if it is not found.\n";

/* The parsed command line. All strings belong to its parser. */
typedef struct
{
  const char *name; /* NULL: none given */
  VqGuestCommand command;
  GPtrArray *environment; /* of const char *, owned */
  GPtrArray *argv;        /* of const char *, owned; empty: none given */
  int timeout;            /* in seconds; 0: none */
  gboolean help;          /* print the help and ignore the rest */
} Request;

static gboolean
apply_option (Request *request, int index, const char *value, GError **error)
{
  switch (index)
    {
    case OPTION_USER:
      request->command.user = value;
      return vq_guest_command_check_user (value, error);
    case OPTION_CWD:
      request->command.directory = value;
      return TRUE;
    case OPTION_ENV:
      g_ptr_array_add (request->environment, (gpointer)value);
      return vq_guest_command_check_environment (value, error);
    case OPTION_TIMEOUT:
      return vq_arguments_parse_int (value, 1, G_MAXINT, &request->timeout, error);
    default:
      request->help = TRUE;
      return TRUE;
    }
}

/* The first argument is the machine. With the second the command begins, and all that follows it
 * is the command's. */
static void
apply_positional (Request *request, const char *value, VqArguments *parser)
{
  if (request->name == NULL)
    {
      request->name = value;
      return;
    }
  g_ptr_array_add (request->argv, (gpointer)value);
  for (const char *const *rest = vq_arguments_get_rest (parser); *rest != NULL; rest++)
    g_ptr_array_add (request->argv, (gpointer)*rest);
}

static gboolean
check (Request *request, GError **error)
{
  if (request->name == NULL)
    return vq_error_set (error, VQ_ERROR_USAGE, "in which machine?");
  if (request->argv->len == 0)
    return vq_error_set (error, VQ_ERROR_USAGE, "which command?");
  g_ptr_array_add (request->argv, NULL);
  g_ptr_array_add (request->environment, NULL);
  request->command.argv = (const char *const *)request->argv->pdata;
  request->command.environment = (const char *const *)request->environment->pdata;
  return TRUE;
}

static gboolean
parse (Request *request, VqArguments *parser, GError **error)
{
  VqArgumentKind kind = VQ_ARGUMENT_END;
  const char *value;
  int index;

  while (!request->help && request->argv->len == 0
         && (kind = vq_arguments_next (parser, &index, &value, error)) != VQ_ARGUMENT_END)
    if (kind == VQ_ARGUMENT_POSITIONAL)
      apply_positional (request, value, parser);
    else if (kind == VQ_ARGUMENT_ERROR || !apply_option (request, index, value, error))
      return FALSE;
  return request->help || check (request, error);
}

static void
pass_on (int signum, gpointer call)
{
  vq_channel_call_signal (call, signum);
}

/* Waits for the end of CALL, which is then freed. */
static gboolean
wait_end (VqChannelCall *call, const Request *request, VqEnd *end, GError **error)
{
  static const int numbers[] = { SIGHUP, SIGINT, SIGTERM, SIGQUIT, SIGUSR1, SIGUSR2, 0 };
  double seconds = request->timeout > 0 ? request->timeout : G_MAXDOUBLE;
  g_autoptr (VqSignals) signals = vq_signals_watch (numbers, pass_on, call, error);

  if (signals != NULL)
    return vq_channel_call_finish (call, "end of the command", vq_deadline_in (seconds), NULL, end,
                                   error);
  vq_channel_call_free (call);
  return FALSE;
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
run_command (VqChannel *channel, const Request *request, VqEnd *end, GError **error)
{
  g_autoptr (GPtrArray) argv = vq_guest_command_build (&request->command);
  int stdio[3];

  if (!copy_stdio (stdio, error))
    return FALSE;
  return wait_end (vq_channel_call_start (channel, (const char *const *)argv->pdata, stdio[0],
                                          stdio[1], stdio[2]),
                   request, end, error);
}

/* Gives the exit status. */
static int
run (const Request *request, GError **error)
{
  g_autofree char *path = vq_instance_socket_find (request->name, "exec", error);
  g_autoptr (VqChannel) channel = path != NULL ? vq_exec_client_new (path) : NULL;
  VqEnd end;

  if (channel == NULL)
    return STATUS_FAILED;
  if (!run_command (channel, request, &end, error))
    return vq_error_is_timeout (*error) ? STATUS_TIMEOUT : STATUS_FAILED;
  return end.kind == VQ_ENDED_EXITED ? end.value : STATUS_SIGNAL + end.value;
}

VqVerbStatus
vq_verb_exec_run (const char *const *arguments)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VqArguments) parser = vq_arguments_new_plain (arguments_table, arguments);
  g_autoptr (GPtrArray) environment = g_ptr_array_new ();
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  Request request = { .environment = environment, .argv = argv };
  int status = STATUS_FAILED;

  if (parse (&request, parser, &error) && request.help)
    {
      vq_verb_output_text ("%s", help);
      return VQ_VERB_OK;
    }
  if (error == NULL)
    status = run (&request, &error);
  if (error != NULL)
    vq_verb_error_report (error, NAME " --help", FALSE);
  return (VqVerbStatus)status;
}
