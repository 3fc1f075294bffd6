// SPDX-License-Identifier: GPL-2.0-or-later
#include "client/verb-shell.h"

#include "base/arguments.h"
#include "base/error.h"
#include "channel/terminal-call.h"
#include "client/machine-exec.h"
#include "verb/verb-output.h"

#define NAME "virt-qemu shell"

/* A login begins in the user's home. */
#define GO_HOME "cd 2>/dev/null || :; exec \"$@\""

enum
{
  OPTION_USER,
  OPTION_HELP,
};

static const VqArgument arguments_table[] = {
  [OPTION_USER] = { "user", 0, TRUE },
  [OPTION_HELP] = { "help", 'h', FALSE },
  { NULL },
};

static const char help[]
    = "Usage: " NAME " [OPTION...] NAME\n"
      "\n"
      "Runs a login shell in the instance NAME, on our terminal. The shell is bash, or sh if\n"
      "there is no bash. Leave it with exit or ^D. Its exit status is as that of exec.\n"
      "\n"
      "      --user=USER  the shell of this user of the guest, by name or number (default:\n"
      "                   root)\n"
      "  -h, --help       show this text and exit\n";

/* The parsed command line. All strings belong to its parser. */
typedef struct
{
  const char *name; /* NULL: none given */
  const char *user; /* NULL: none given */
  gboolean help;    /* print the help and ignore the rest */
} Request;

static gboolean
apply_option (gpointer data, int index, const char *value, GError **error)
{
  Request *request = data;

  if (index == OPTION_HELP)
    request->help = TRUE;
  else
    request->user = value;
  return request->help || vq_guest_command_check_user (value, error);
}

static gboolean
apply_positional (gpointer data, const char *value, GError **error)
{
  Request *request = data;

  return vq_arguments_take_only (&request->name, value, error);
}

static gboolean
parse (Request *request, VqArguments *parser, GError **error)
{
  static const VqArgumentsTaker taker = { apply_option, apply_positional };

  if (!vq_arguments_take_all (parser, &taker, request, &request->help, error))
    return FALSE;
  return request->help || request->name != NULL
         || vq_error_set (error, VQ_ERROR_USAGE, "in which instance?");
}

static int
run (const Request *request, GError **error)
{
  g_autofree char *term = vq_terminal_call_get_term ();
  const char *const argv[]
      = { "sh", "-c", GO_HOME, "sh", "sh", "-c", vq_terminal_call_get_shell (), "sh", term, NULL };
  const VqMachineExec what = { .name = request->name,
                               .command = { .user = request->user, .argv = argv },
                               .on_terminal = TRUE };

  return vq_machine_exec_run (&what, error);
}

VqVerbStatus
vq_verb_shell_run (const char *const *arguments)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VqArguments) parser = vq_arguments_new_plain (arguments_table, arguments);
  Request request = { NULL };
  int status = VQ_MACHINE_EXEC_FAILED;

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
