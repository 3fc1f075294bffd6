// SPDX-License-Identifier: GPL-2.0-or-later
#include "io/user-stderr.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/deadline.h"
#include "io/foreign-fd.h"

#define WAIT_SECONDS 1

static gboolean is_raw;
static guint64 n_lost; /* bytes; not 0: nothing was taken lately */

/* A description of our own. Without a free descriptor stderr itself must do. */
static VqForeignFd
begin (void)
{
  VqForeignFd self = { .fd = STDERR_FILENO, .kind = VQ_FOREIGN_SHARED };
  int own = fcntl (STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

  if (own >= 0)
    vq_foreign_fd_init (&self, own, O_WRONLY);
  return self;
}

static void
end (VqForeignFd *self)
{
  if (self->fd != STDERR_FILENO)
    vq_foreign_fd_clear (self);
}

static gboolean
wait_for_room (int fd, gint64 deadline)
{
  struct pollfd poll_fd = { .fd = fd, .events = POLLOUT };
  double left = vq_deadline_left (deadline);

  return left > 0 && poll (&poll_fd, 1, (int)(left * 1000) + 1) >= 0;
}

/* Returns how many bytes were taken before DEADLINE. */
static gsize
write_until (VqForeignFd *self, const char *text, gsize n, gint64 deadline)
{
  gsize done = 0;

  while (done < n)
    {
      gssize taken = vq_foreign_fd_write (self, text + done, n - done);

      done += MAX (taken, 0);
      if (taken < 0 && (errno != EAGAIN || !wait_for_room (self->fd, deadline)))
        break;
    }
  return done;
}

/* Returns FALSE if still nothing is taken. */
static gboolean
tell_of_loss (VqForeignFd *self)
{
  g_autofree char *note = g_strdup_printf (
      "\n[%" G_GUINT64_FORMAT " bytes are lost here: nobody read them in time]\n", n_lost);

  if (n_lost > 0 && write_until (self, note, strlen (note), 0) < strlen (note))
    return FALSE;
  n_lost = 0;
  return TRUE;
}

static void
write_now (const char *text, gsize n)
{
  gint64 deadline = vq_deadline_in (n_lost == 0 ? WAIT_SECONDS : 0);
  VqForeignFd self = begin ();

  if (tell_of_loss (&self))
    n_lost = n - write_until (&self, text, n, deadline);
  else
    n_lost += n;
  end (&self);
}

gboolean
vq_user_stderr_is_terminal (void)
{
  return isatty (STDERR_FILENO);
}

void
vq_user_stderr_set_raw (gboolean raw)
{
  is_raw = raw;
}

void
vq_user_stderr_write (const char *text, gsize n)
{
  g_autoptr (GString) lines = NULL;

  if (!is_raw || !vq_user_stderr_is_terminal ())
    {
      write_now (text, n);
      return;
    }
  lines = g_string_new_len (text, n);
  g_string_replace (lines, "\n", "\r\n", 0);
  write_now (lines->str, lines->len);
}
