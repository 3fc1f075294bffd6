// SPDX-License-Identifier: GPL-2.0-or-later
#include "channel/terminal-call.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "io/raw-terminal.h"

struct _VqTerminalCall
{
  VqRawTerminal *terminal; /* owned */
  VqChannelCall *call;     /* NULL: not started */
  gboolean taken;          /* somebody else owns CALL */
};

gboolean
vq_terminal_call_open_tty (int *fds, guint n, GError **error)
{
  for (guint i = 0; i < n; i++)
    {
      fds[i] = open ("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
      if (fds[i] >= 0)
        continue;
      vq_error_set_errno (error, errno, "there is no terminal: cannot open /dev/tty");
      while (i-- > 0)
        close (fds[i]);
      return FALSE;
    }
  return TRUE;
}

char *
vq_terminal_call_get_term (void)
{
  const char *term = g_getenv ("TERM");

  return term != NULL ? g_strconcat ("TERM=", term, NULL) : NULL;
}

const char *
vq_terminal_call_get_shell (void)
{
  static const char script[] =
#include "channel/shell-terminal.sh.inc"
      ;

  return script;
}

static void
on_resized (guint rows, guint columns, gpointer data)
{
  VqTerminalCall *self = data;

  if (self->call != NULL)
    vq_channel_call_resize (self->call, rows, columns);
}

VqTerminalCall *
vq_terminal_call_start (VqChannel *channel, const char *const *argv, const char *directory,
                        const char *const *environment, GError **error)
{
  g_autoptr (VqTerminalCall) self = g_new0 (VqTerminalCall, 1);
  VqTerminal guest = { argv, directory, environment, 0, 0 };
  int tty[2];

  if (!vq_terminal_call_open_tty (tty, G_N_ELEMENTS (tty), error))
    return NULL;
  self->terminal = vq_raw_terminal_new (on_resized, self, error);
  if (self->terminal == NULL)
    {
      close (tty[0]);
      close (tty[1]);
      return NULL;
    }
  vq_raw_terminal_get_size (self->terminal, &guest.rows, &guest.columns);
  self->call = vq_channel_call_start_terminal (channel, &guest, tty[0], tty[1]);
  return g_steal_pointer (&self);
}

VqChannelCall *
vq_terminal_call_take (VqTerminalCall *self)
{
  self->taken = TRUE;
  return self->call;
}

void
vq_terminal_call_free (VqTerminalCall *self)
{
  if (self == NULL)
    return;
  if (!self->taken)
    vq_channel_call_free (self->call);
  vq_raw_terminal_free (self->terminal);
  g_free (self);
}
