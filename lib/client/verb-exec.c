// SPDX-License-Identifier: GPL-2.0-or-later
#include "client/verb-exec.h"

#include "base/arguments.h"
#include "base/error.h"
#include "client/machine-exec.h"
#include "verb/verb-output.h"

#define NAME "virt-qemu exec"

enum
{
  OPTION_TTY,
  OPTION_USER,
  OPTION_CWD,
  OPTION_ENV,
  OPTION_TIMEOUT,
  OPTION_HELP,
};

static const VqArgument arguments_table[] = {
  [OPTION_TTY] = { "tty", 't', FALSE },
  [OPTION_USER] = { "user", 0, TRUE },
  [OPTION_CWD] = { "cwd", 0, TRUE },
  [OPTION_ENV] = { "env", 0, TRUE },
  [OPTION_TIMEOUT] = { "timeout", 0, TRUE },
  [OPTION_HELP] = { "help", 'h', FALSE },
  { NULL },
};

static const char help[]
    = "Usage: " NAME " [OPTION...] NAME [--] COMMAND [ARGUMENT...]\n"
      "\n"
      "Runs a command in the instance NAME, with our stdin, stdout and stderr. The \"--\" may\n"
      "be left out if COMMAND does not begin with \"-\". The command is not passed to a\n"
      "shell. The signals INT, TERM, HUP, QUIT, USR1 and USR2 are passed on to it.\n"
      "\n"
      "  -t, --tty             give it a terminal, which ours is connected to; it gets all\n"
      "                        keys, and follows the size of our window\n"
      "      --user=USER       run it as this user of the guest, by name or number\n"
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
  VqMachineExec what;
  GPtrArray *environment; /* of const char *, owned */
  GPtrArray *argv;        /* of const char *, owned; empty: none given */
  gboolean help;          /* print the help and ignore the rest */
  gboolean done;          /* there is nothing more to read */
  VqArguments *parser;
} Request;

static gboolean
apply_option (gpointer data, int index, const char *value, GError **error)
{
  Request *request = data;

  switch (index)
    {
    case OPTION_TTY:
      request->what.on_terminal = TRUE;
      return TRUE;
    case OPTION_USER:
      request->what.command.user = value;
      return vq_guest_command_check_user (value, error);
    case OPTION_CWD:
      request->what.command.directory = value;
      return TRUE;
    case OPTION_ENV:
      g_ptr_array_add (request->environment, (gpointer)value);
      return vq_guest_command_check_environment (value, error);
    case OPTION_TIMEOUT:
      return vq_arguments_parse_int (value, 1, G_MAXINT, &request->what.timeout, error);
    default:
      request->help = request->done = TRUE;
      return TRUE;
    }
}

/* The first argument is the machine. With the second the command begins, and all that follows it
 * is the command's. */
static gboolean
apply_positional (gpointer data, const char *value, GError **error)
{
  Request *request = data;

  if (request->what.name == NULL)
    {
      request->what.name = value;
      return TRUE;
    }
  g_ptr_array_add (request->argv, (gpointer)value);
  for (const char *const *rest = vq_arguments_get_rest (request->parser); *rest != NULL; rest++)
    g_ptr_array_add (request->argv, (gpointer)*rest);
  request->done = TRUE;
  return TRUE;
}

static gboolean
check (Request *request, GError **error)
{
  if (request->what.name == NULL)
    return vq_error_set (error, VQ_ERROR_USAGE, "in which instance?");
  if (request->argv->len == 0)
    return vq_error_set (error, VQ_ERROR_USAGE, "which command?");
  g_ptr_array_add (request->argv, NULL);
  g_ptr_array_add (request->environment, NULL);
  request->what.command.argv = (const char *const *)request->argv->pdata;
  request->what.command.environment = (const char *const *)request->environment->pdata;
  return TRUE;
}

static gboolean
parse (Request *request, GError **error)
{
  static const VqArgumentsTaker taker = { apply_option, apply_positional };

  return vq_arguments_take_all (request->parser, &taker, request, &request->done, error)
         && (request->help || check (request, error));
}

VqVerbStatus
vq_verb_exec_run (const char *const *arguments)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VqArguments) parser = vq_arguments_new_plain (arguments_table, arguments);
  g_autoptr (GPtrArray) environment = g_ptr_array_new ();
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  Request request = { .environment = environment, .argv = argv, .parser = parser };
  int status = VQ_MACHINE_EXEC_FAILED;

  if (parse (&request, &error) && request.help)
    {
      vq_verb_output_text ("%s", help);
      return VQ_VERB_OK;
    }
  if (error == NULL)
    status = vq_machine_exec_run (&request.what, &error);
  if (error != NULL)
    vq_verb_error_report (error, NAME " --help", FALSE);
  return (VqVerbStatus)status;
}
