// SPDX-License-Identifier: GPL-2.0-or-later
#include "testbed/shell.h"

#include <errno.h>
#include <string.h>

#include "channel/terminal-call.h"
#include "base/error.h"
#include "base/fd.h"

/* A year: a person may take any time. */
#define FOR_EVER (365.0 * 24 * 60 * 60)

static const char script[] =
#include "testbed/shell-pipe.sh.inc"
    ;

typedef struct
{
  VqChannel *channel;
  const char *directory;
  GPtrArray *environment; /* of char *, without a NULL at the end */
} Session;

static void
session_free (Session *session)
{
  g_ptr_array_unref (session->environment);
  g_free (session);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Session, session_free)

static Session *
session_new (VqChannel *channel, const char *directory, const char *const *environment)
{
  Session *session = g_new0 (Session, 1);
  char *term = vq_terminal_call_get_term ();

  session->channel = channel;
  session->directory = directory;
  session->environment = g_ptr_array_new_with_free_func (g_free);
  if (term != NULL)
    g_ptr_array_add (session->environment, term);
  for (; *environment != NULL; environment++)
    g_ptr_array_add (session->environment, g_strdup (*environment));
  return session;
}

static gboolean
wait_end (VqChannelCall *call, VqCancel *cancel, GError **error)
{
  VqEnd end;

  return vq_channel_call_finish (call, "end of the shell", vq_deadline_in (FOR_EVER), cancel, &end,
                                 error);
}

/* Joins the words of HEAD, the environment, and the words of TAIL. HEAD and TAIL end with NULL. */
static GPtrArray *
build_argv (const Session *session, const char *const *head, const char *const *tail)
{
  GPtrArray *argv = g_ptr_array_new ();

  for (; *head != NULL; head++)
    g_ptr_array_add (argv, (gpointer)*head);
  g_ptr_array_extend (argv, session->environment, NULL, NULL);
  for (; *tail != NULL; tail++)
    g_ptr_array_add (argv, (gpointer)*tail);
  g_ptr_array_add (argv, NULL);
  return argv;
}

static char *
describe_ways_in (const char *console, guint ssh_port, const char *user)
{
  GString *text
      = g_string_new ("A root shell in the testbed; leave it with exit or ^D. Other ways in:\n");

  g_string_append_printf (
      text, "    socat -,raw,echo=0,escape=0x1d UNIX-CONNECT:%s     (leave it with ^])\n", console);
  if (ssh_port != 0)
    g_string_append_printf (
        text,
        "    ssh -o UserKnownHostsFile=/dev/null -o StrictHostKeyChecking=no -p %u %s@localhost\n",
        ssh_port, user);
  return g_string_free (text, FALSE);
}

/* Waits while ^S has stopped the terminal. */
static gboolean
print_ways_in (const char *console, guint ssh_port, const char *user, VqCancel *cancel,
               GError **error)
{
  g_autofree char *text = describe_ways_in (console, ssh_port, user);
  vq_autofd int tty = -1;

  if (!vq_terminal_call_open_tty (&tty, 1, error)
      || !vq_wait_fd (tty, G_IO_OUT, vq_deadline_in (G_MAXDOUBLE), cancel, "room on the terminal",
                      error))
    return FALSE;
  return vq_fd_write_all (tty, text, strlen (text))
         || vq_error_set_errno (error, errno, "cannot write to /dev/tty");
}

static gboolean
run_on_terminal (Session *session, VqCancel *cancel, GError **error)
{
  const char *const head[] = { "sh", "-c", vq_terminal_call_get_shell (), "sh", NULL };
  g_autoptr (GPtrArray) argv = build_argv (session, head, head + 4);
  g_autoptr (GPtrArray) environment = build_argv (session, head + 4, head + 4);
  g_autoptr (VqTerminalCall) call
      = vq_terminal_call_start (session->channel, (const char *const *)argv->pdata,
                                session->directory, (const char *const *)environment->pdata, error);

  return call != NULL && wait_end (vq_terminal_call_take (call), cancel, error);
}

/* Our terminal stays as it is: it echoes and edits lines, and the shell has no job control. */
static gboolean
run_on_pipes (Session *session, VqCancel *cancel, GError **error)
{
  const char *const head[] = { "env", NULL };
  const char *const tail[] = { "sh", "-c", script, "sh", session->directory, NULL };
  g_autoptr (GPtrArray) argv = build_argv (session, head, tail);
  int tty[3];

  if (!vq_terminal_call_open_tty (tty, G_N_ELEMENTS (tty), error))
    return FALSE;
  return wait_end (vq_channel_call_start (session->channel, (const char *const *)argv->pdata,
                                          tty[0], tty[1], tty[2]),
                   cancel, error);
}

gboolean
vq_shell_run (VqChannel *channel, const char *directory, const char *const *environment,
              const char *console, guint ssh_port, const char *user, VqCancel *cancel,
              GError **error)
{
  g_autoptr (Session) session = NULL;

  for (const char *const *word = environment; *word != NULL; word++)
    if (strchr (*word, '=') == NULL || (*word)[0] == '=')
      return vq_error_set (error, VQ_ERROR_FAILED, "shell: '%s' is not NAME=VALUE", *word);
  if (!print_ways_in (console, ssh_port, user, cancel, error))
    return FALSE;
  session = session_new (channel, directory, environment);
  if (vq_channel_has_terminals (channel))
    return run_on_terminal (session, cancel, error);
  return run_on_pipes (session, cancel, error);
}
