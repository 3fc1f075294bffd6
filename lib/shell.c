// SPDX-License-Identifier: GPL-2.0-or-later
#include "shell.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "error.h"

/* A person takes as long as a person takes: a year. */
#define FOR_EVER (365.0 * 24 * 60 * 60)

/* $1 is the directory; the environment is set by env(1) before. */
static const char script[] = "cd -- \"$1\" || cd /\n"
                             "if command -v bash >/dev/null; then exec bash -i; fi\n"
                             "exec sh -i\n";

static gboolean
print_ways_in (const char *console, guint ssh_port, const char *user, GError **error)
{
  FILE *tty = fopen ("/dev/tty", "we");

  if (tty == NULL)
    return vq_set_errno (error, errno, "no terminal for a shell: cannot open /dev/tty");
  fprintf (tty,
           "A root shell in the testbed; leave it with exit or ^D. Other ways in:\n"
           "    socat -,raw,echo=0,escape=0x1d UNIX-CONNECT:%s     (leave it with ^])\n",
           console);
  if (ssh_port != 0)
    fprintf (
        tty,
        "    ssh -o UserKnownHostsFile=/dev/null -o StrictHostKeyChecking=no -p %u %s@localhost\n",
        ssh_port, user);
  fclose (tty);
  return TRUE;
}

/* env NAME=VALUE... TERM=... sh -c SCRIPT sh DIRECTORY */
static GPtrArray *
build_argv (const char *directory, const char *const *environment)
{
  GPtrArray *argv = g_ptr_array_new_with_free_func (g_free);
  const char *term = g_getenv ("TERM");

  g_ptr_array_add (argv, g_strdup ("env"));
  if (term != NULL)
    g_ptr_array_add (argv, g_strconcat ("TERM=", term, NULL));
  for (; *environment != NULL; environment++)
    g_ptr_array_add (argv, g_strdup (*environment));
  g_ptr_array_add (argv, g_strdup ("sh"));
  g_ptr_array_add (argv, g_strdup ("-c"));
  g_ptr_array_add (argv, g_strdup (script));
  g_ptr_array_add (argv, g_strdup ("sh"));
  g_ptr_array_add (argv, g_strdup (directory));
  g_ptr_array_add (argv, NULL);
  return argv;
}

typedef struct
{
  gboolean ended;
  gboolean abandoned; /* nobody waits any more: the callback frees */
  GError *error;
} Session;

static void
free_session (Session *session)
{
  g_clear_error (&session->error);
  g_free (session);
}

static void
on_done (const VqEnd *end, gpointer data)
{
  Session *session = data;

  session->ended = TRUE;
  if (end->kind == VQ_ENDED_FAILED)
    session->error = g_error_copy (end->error);
  if (session->abandoned)
    free_session (session);
}

static gboolean
has_ended (gpointer data)
{
  return ((Session *)data)->ended;
}

static VqCommand *
start (VqChannel *channel, const char *directory, const char *const *environment, Session *session)
{
  g_autoptr (GPtrArray) argv = build_argv (directory, environment);
  int tty[3];

  for (int i = 0; i < 3; i++)
    tty[i] = open ("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
  return vq_channel_start (channel, (const char *const *)argv->pdata, tty[0], tty[1], tty[2],
                           on_done, session);
}

gboolean
vq_shell_run (VqChannel *channel, const char *directory, const char *const *environment,
              const char *console, guint ssh_port, const char *user, VqCancel *cancel,
              GError **error)
{
  Session *session = g_new0 (Session, 1);
  VqCommand *command;

  if (!print_ways_in (console, ssh_port, user, error))
    {
      free_session (session);
      return FALSE;
    }
  command = start (channel, directory, environment, session);
  if (!vq_wait_until (has_ended, session, vq_deadline_in (FOR_EVER), cancel, "end of the shell",
                      error))
    {
      session->abandoned = TRUE;
      vq_channel_kill (channel, command);
      return FALSE;
    }
  if (session->error != NULL)
    g_propagate_error (error, g_steal_pointer (&session->error));
  free_session (session);
  return error == NULL || *error == NULL;
}
