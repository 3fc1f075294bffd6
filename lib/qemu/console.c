// SPDX-License-Identifier: GPL-2.0-or-later
#include "qemu/console.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "io/guest-text.h"
#include "io/progress.h"

#define KEPT 8192
#define LOG_MAX (16 * 1024 * 1024)

struct _VqConsole
{
  int reader; /* owned */
  int writer; /* owned, -1 when closed */
  int log_fd; /* owned, -1: there is no log */
  guint id;
  VqGuestText *shown; /* owned; NULL: it is not shown */
  guint64 n_bytes;    /* how many the guest has written */
  gint64 last_time;   /* when it wrote the last of them */
  GString *tail;
  gsize max; /* how much of it is kept */
};

/* If it cannot be written, because the disk is full, the rest is not written either. */
static void
write_log (VqConsole *console, const char *bytes, gssize n)
{
  if (console->n_bytes > LOG_MAX || !vq_fd_write_all (console->log_fd, bytes, n))
    vq_fd_clear (&console->log_fd);
}

static void
keep (VqConsole *console, const char *bytes, gssize n)
{
  console->n_bytes += n;
  console->last_time = g_get_monotonic_time ();
  vq_text_keep_last (console->tail, bytes, n, console->max);
  if (console->log_fd >= 0)
    write_log (console, bytes, n);
  if (console->shown != NULL)
    vq_guest_text_show (console->shown, bytes, n);
}

static gboolean
on_readable (int fd, GIOCondition events, gpointer data)
{
  VqConsole *console = data;
  char buffer[4096];
  gssize n = read (fd, buffer, sizeof buffer);

  if (n > 0)
    keep (console, buffer, n);
  if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
    return G_SOURCE_CONTINUE;
  console->id = 0;
  return G_SOURCE_REMOVE;
}

VqConsole *
vq_console_new (gboolean show, GError **error)
{
  VqConsole *console;
  int fds[2];

  if (!vq_fd_open_pipe (fds, error))
    return NULL;
  console = g_new0 (VqConsole, 1);
  console->reader = fds[0];
  console->writer = fds[1];
  console->log_fd = -1;
  console->shown = show ? vq_guest_text_new (G_MAXUINT64) : NULL;
  if (show)
    vq_progress_hide ();
  console->tail = g_string_new (NULL);
  console->max = KEPT;
  g_unix_set_fd_nonblocking (fds[0], TRUE, NULL);
  console->id = g_unix_fd_add (fds[0], G_IO_IN | G_IO_HUP, on_readable, console);
  return console;
}

void
vq_console_free (VqConsole *console)
{
  if (console == NULL)
    return;
  g_clear_handle_id (&console->id, g_source_remove);
  vq_console_close_writer (console);
  close (console->reader);
  vq_fd_clear (&console->log_fd);
  vq_guest_text_free (console->shown);
  g_string_free (console->tail, TRUE);
  g_free (console);
}

void
vq_console_log_to (VqConsole *console, int fd)
{
  vq_fd_clear (&console->log_fd);
  console->log_fd = fd;
}

int
vq_console_get_writer (VqConsole *console)
{
  return console->writer;
}

void
vq_console_close_writer (VqConsole *console)
{
  vq_fd_clear (&console->writer);
}

void
vq_console_keep (VqConsole *console, gsize max)
{
  console->max = MAX (max, KEPT);
}

const char *
vq_console_get_text (VqConsole *console, gsize *length)
{
  *length = console->tail->len;
  return console->tail->str;
}

gboolean
vq_console_has_spoken (VqConsole *console)
{
  return console->n_bytes > 0;
}

guint64
vq_console_count_bytes (VqConsole *console)
{
  return console->n_bytes;
}

gint64
vq_console_get_last_time (VqConsole *console)
{
  return console->last_time;
}

char *
vq_console_last_lines (VqConsole *console, guint lines)
{
  return vq_text_last_lines (console->tail->str, lines, 200, " | ");
}
