// SPDX-License-Identifier: GPL-2.0-or-later
#include "command.h"

#include <check.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process.h"

Command *
command_start (Server *server, const char *const *argv, int in)
{
  g_auto (GStrv) auxverb = server_get_auxverb (server);
  g_autoptr (GPtrArray) whole = g_ptr_array_new ();
  Command *command = g_new0 (Command, 1);

  for (char **word = auxverb; *word != NULL; word++)
    g_ptr_array_add (whole, *word);
  for (; *argv != NULL; argv++)
    g_ptr_array_add (whole, (gpointer)*argv);
  g_ptr_array_add (whole, NULL);
  command->fds[0] = process_new_file ();
  command->fds[1] = process_new_file ();
  command->pid = process_spawn ((const char *const *)whole->pdata,
                                &(ProcessSetup){ in, command->fds[0], command->fds[1] });
  return command;
}

Command *
command_start_script (Server *server, const char *script)
{
  return command_start (server, (const char *[]){ "sh", "-c", script, NULL }, -1);
}

Command *
command_start_waiting (Server *server)
{
  Command *command;

  guest_expect (server, "rm -f /run/waiting", "");
  command = command_start_script (server, "touch /run/waiting; exec sleep 1000");
  guest_expect (server, "until [ -e /run/waiting ]; do sleep 0.1; done", "");
  return command;
}

void
command_wait (Command *command, double seconds)
{
  int status = -1;
  gboolean ended = process_wait (command->pid, seconds, &status);

  command->err = process_read_file (command->fds[1], NULL);
  ck_assert_msg (ended, "the command does not end; its stderr: %s", command->err);
  command->pid = 0;
  command->out = process_read_file (command->fds[0], &command->length);
  command->status = WIFEXITED (status) ? WEXITSTATUS (status) : -WTERMSIG (status);
}

void
command_free (Command *command)
{
  if (command->pid != 0)
    {
      kill (command->pid, SIGKILL);
      waitpid (command->pid, NULL, 0);
    }
  close (command->fds[0]);
  close (command->fds[1]);
  g_free (command->out);
  g_free (command->err);
  g_free (command);
}

char *
guest_output (Server *server, const char *script)
{
  g_autoptr (Command) command = command_start_script (server, script);

  command_wait (command, A_WHILE);
  ck_assert_msg (command->status == 0 && command->err[0] == '\0', "status %d, stderr `%s' of: %s",
                 command->status, command->err, script);
  return g_strdup (g_strchomp (command->out));
}

void
guest_expect (Server *server, const char *script, const char *expected)
{
  g_autofree char *out = guest_output (server, script);

  ck_assert_msg (strcmp (out, expected) == 0, "`%s' from: %s", out, script);
}
