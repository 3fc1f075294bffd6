// SPDX-License-Identifier: GPL-2.0-or-later
#include "io/raw-terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "io/user-stderr.h"
#include "io/watcher.h"

struct _VqRawTerminal
{
  int fd; /* owned */
  struct termios before;
  VqWatcher *guard; /* owned; it restores the mode if we cannot; NULL: none */
  int signal_fd;    /* owned: SIGWINCH */
  guint signal_id;  /* owned */
  sigset_t mask_before;
  VqRawTerminalResized resized;
  gpointer data;
};

static void
restore_mode (int fd, gconstpointer before)
{
  tcsetattr (fd, TCSANOW, before);
}

void
vq_raw_terminal_get_size (VqRawTerminal *terminal, guint *rows, guint *columns)
{
  struct winsize size = { 0 };

  /* If this fails, the terminal is gone, and whoever reads from it finds out. */
  if (ioctl (terminal->fd, TIOCGWINSZ, &size) != 0)
    g_debug ("cannot get the terminal's size: %s", g_strerror (errno));
  *rows = size.ws_row;
  *columns = size.ws_col;
}

static gboolean
on_resized (int fd, GIOCondition events, gpointer data)
{
  VqRawTerminal *terminal = data;
  struct signalfd_siginfo info;
  guint rows, columns;

  if (read (fd, &info, sizeof info) != sizeof info)
    return G_SOURCE_CONTINUE;
  vq_raw_terminal_get_size (terminal, &rows, &columns);
  terminal->resized (rows, columns, terminal->data);
  return G_SOURCE_CONTINUE;
}

/* SIGWINCH is read from a descriptor, like the other signals (base/signals.c). */
static gboolean
watch_size (VqRawTerminal *terminal, GError **error)
{
  sigset_t set;

  sigemptyset (&set);
  sigaddset (&set, SIGWINCH);
  terminal->signal_fd = signalfd (-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  if (terminal->signal_fd < 0)
    return vq_error_set_errno (error, errno, "signalfd");
  sigprocmask (SIG_BLOCK, &set, &terminal->mask_before);
  terminal->signal_id = g_unix_fd_add (terminal->signal_fd, G_IO_IN, on_resized, terminal);
  return TRUE;
}

static gboolean
enter_raw_mode (VqRawTerminal *terminal, GError **error)
{
  struct termios raw = terminal->before;

  cfmakeraw (&raw);
  if (tcsetattr (terminal->fd, TCSANOW, &raw) != 0)
    return vq_error_set_errno (error, errno, "cannot set the mode of /dev/tty");
  vq_user_stderr_set_raw (TRUE);
  return TRUE;
}

/* Not TCSADRAIN, because it waits for the terminal, which may be stopped. */
static void
restore (VqRawTerminal *terminal)
{
  sigset_t set, mask;

  sigemptyset (&set);
  sigaddset (&set, SIGTTOU);
  sigprocmask (SIG_BLOCK, &set, &mask);
  if (tcsetattr (terminal->fd, TCSANOW, &terminal->before) != 0)
    g_debug ("cannot restore the terminal: %s", g_strerror (errno));
  sigprocmask (SIG_SETMASK, &mask, NULL);
  vq_user_stderr_set_raw (FALSE);
}

static gboolean
begin (VqRawTerminal *terminal, GError **error)
{
  terminal->fd = open ("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (terminal->fd < 0 || tcgetattr (terminal->fd, &terminal->before) != 0)
    return vq_error_set_errno (error, errno, "cannot open /dev/tty");
  terminal->guard = vq_watcher_new (terminal->fd, restore_mode, &terminal->before, error);
  return terminal->guard != NULL && watch_size (terminal, error)
         && enter_raw_mode (terminal, error);
}

VqRawTerminal *
vq_raw_terminal_new (VqRawTerminalResized resized, gpointer data, GError **error)
{
  g_autoptr (VqRawTerminal) terminal = g_new0 (VqRawTerminal, 1);

  terminal->fd = terminal->signal_fd = -1;
  terminal->resized = resized;
  terminal->data = data;
  if (!begin (terminal, error))
    return NULL;
  return g_steal_pointer (&terminal);
}

void
vq_raw_terminal_free (VqRawTerminal *terminal)
{
  if (terminal == NULL)
    return;
  if (terminal->guard != NULL)
    restore (terminal);
  vq_watcher_free (terminal->guard); /* so that it cannot change the mode after us */
  if (terminal->signal_id != 0)
    {
      g_source_remove (terminal->signal_id);
      sigprocmask (SIG_SETMASK, &terminal->mask_before, NULL);
    }
  vq_fd_clear (&terminal->signal_fd);
  vq_fd_clear (&terminal->fd);
  g_free (terminal);
}
