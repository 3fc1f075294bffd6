// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/signals.h"

#include <errno.h>
#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/error.h"

struct _VqSignals
{
  VqSignalsCaught handler;
  gpointer data;
  int fd; /* owned */
  guint id;
  int caught;
  sigset_t before;
};

static gboolean
on_signal (int fd, GIOCondition events, gpointer data)
{
  VqSignals *signals = data;
  struct signalfd_siginfo info;

  if (read (fd, &info, sizeof info) != sizeof info)
    return G_SOURCE_CONTINUE;
  signals->caught = info.ssi_signo;
  signals->handler (signals->caught, signals->data);
  return G_SOURCE_CONTINUE;
}

static void
trigger_cancel (int signum, gpointer cancel)
{
  g_autoptr (GError) reason = NULL;

  vq_error_set (&reason, VQ_ERROR_CANCELLED, "got signal %d (%s)", signum, strsignal (signum));
  vq_cancel_trigger (cancel, reason);
}

/* A signal that is ignored already is left alone: nohup(1), and shells for their background jobs,
 * ignore signals on purpose. */
static void
add_unless_ignored (sigset_t *set, int signum)
{
  struct sigaction action;

  if (sigaction (signum, NULL, &action) != 0 || action.sa_handler != SIG_IGN)
    sigaddset (set, signum);
}

VqSignals *
vq_signals_new (VqCancel *cancel, GError **error)
{
  static const int numbers[] = { SIGHUP, SIGINT, SIGTERM, 0 };

  return vq_signals_watch (numbers, trigger_cancel, cancel, error);
}

VqSignals *
vq_signals_watch (const int *numbers, VqSignalsCaught caught, gpointer data, GError **error)
{
  VqSignals *signals = g_new0 (VqSignals, 1);
  sigset_t wanted;

  sigemptyset (&wanted);
  for (; *numbers != 0; numbers++)
    add_unless_ignored (&wanted, *numbers);
  sigprocmask (SIG_BLOCK, &wanted, &signals->before);
  signals->handler = caught;
  signals->data = data;
  signals->fd = signalfd (-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
  if (signals->fd < 0)
    {
      vq_error_set_errno (error, errno, "cannot receive signals");
      sigprocmask (SIG_SETMASK, &signals->before, NULL);
      g_free (signals);
      return NULL;
    }
  signals->id = g_unix_fd_add (signals->fd, G_IO_IN, on_signal, signals);
  return signals;
}

int
vq_signals_get_caught (VqSignals *signals)
{
  return signals->caught;
}

void
vq_signals_free (VqSignals *signals)
{
  if (signals == NULL)
    return;
  g_source_remove (signals->id);
  close (signals->fd);
  sigprocmask (SIG_SETMASK, &signals->before, NULL);
  g_free (signals);
}
