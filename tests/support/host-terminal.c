// SPDX-License-Identifier: GPL-2.0-or-later
#include "host-terminal.h"

#include <check.h>
#include <errno.h>
#include <glib-unix.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

struct _HostTerminal
{
  int master, in, out; /* owned */
  guint in_id, out_id;
};

static void G_GNUC_NORETURN
run_child (const VqTerminal *terminal)
{
  sigset_t none;

  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
  if (chdir (terminal->directory) != 0 && chdir ("/") != 0)
    _exit (126);
  for (guint i = 0; terminal->environment[i] != NULL; i++)
    putenv ((char *)terminal->environment[i]);
  execvp (terminal->argv[0], (char *const *)terminal->argv);
  _exit (127);
}

/* FALSE at the end of FROM. */
static gboolean
pass_on (int from, int to)
{
  char buffer[4096];
  gssize n = read (from, buffer, sizeof buffer);

  if (n < 0)
    return errno == EAGAIN || errno == EINTR;
  for (gssize done = 0, wrote; done < n; done += wrote)
    {
      wrote = write (to, buffer + done, n - done);
      if (wrote < 0)
        return FALSE;
    }
  return n > 0;
}

static gboolean
on_input (int fd, GIOCondition events, gpointer data)
{
  HostTerminal *self = data;

  if (pass_on (self->in, self->master))
    return G_SOURCE_CONTINUE;
  self->in_id = 0;
  return G_SOURCE_REMOVE;
}

static gboolean
on_output (int fd, GIOCondition events, gpointer data)
{
  HostTerminal *self = data;

  if (pass_on (self->master, self->out))
    return G_SOURCE_CONTINUE;
  self->out_id = 0;
  return G_SOURCE_REMOVE;
}

HostTerminal *
host_terminal_new (const VqTerminal *terminal, int in, int out, GPid *pid)
{
  HostTerminal *self = g_new0 (HostTerminal, 1);
  struct winsize size = { .ws_row = terminal->rows, .ws_col = terminal->columns };

  *pid = forkpty (&self->master, NULL, NULL, &size);
  ck_assert_int_ge (*pid, 0);
  if (*pid == 0)
    run_child (terminal);
  g_unix_set_fd_nonblocking (self->master, TRUE, NULL);
  self->in = in;
  self->out = out;
  self->in_id = g_unix_fd_add (in, G_IO_IN, on_input, self);
  self->out_id = g_unix_fd_add (self->master, G_IO_IN, on_output, self);
  return self;
}

void
host_terminal_resize (HostTerminal *self, guint rows, guint columns)
{
  struct winsize size = { .ws_row = rows, .ws_col = columns };

  ck_assert_int_eq (ioctl (self->master, TIOCSWINSZ, &size), 0);
}

void
host_terminal_free (HostTerminal *self)
{
  GPollFD poll_fd = { self->master, G_IO_IN, 0 };

  while (self->out_id != 0 && g_poll (&poll_fd, 1, 0) > 0 && pass_on (self->master, self->out))
    ;
  if (self->in_id != 0)
    g_source_remove (self->in_id);
  if (self->out_id != 0)
    g_source_remove (self->out_id);
  close (self->master);
  close (self->in);
  close (self->out);
  g_free (self);
}
