// SPDX-License-Identifier: GPL-2.0-or-later
#include "way/serial-line.h"

#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "io/send-queue.h"
#include "base/text.h"

#define KEPT_MAX (16 * 1024)
#define WORDS_MAX 200 /* bytes of the last line in messages */

struct _VqSerialLine
{
  int fd; /* owned */
  VqSendQueue *out;
  guint read_id;
  GString *text;
  char *secret;    /* owned; NULL: none */
  guint64 n_heard; /* how many pieces of output have come */
  gint64 last_heard;
  GError *error;
  VqSerialHeard heard;
  gpointer heard_data;
};

static void
end (VqSerialLine *line, const char *why)
{
  g_clear_handle_id (&line->read_id, g_source_remove);
  if (line->error == NULL)
    vq_error_set (&line->error, VQ_ERROR_PEER, "the serial port is gone: %s", why);
}

static void
on_send_failed (int errnum, gpointer data)
{
  end (data, g_strerror (errnum));
  g_main_context_wakeup (NULL); /* so that vq_serial_line_wait_more checks again */
}

static void
keep (VqSerialLine *line, const char *bytes, gsize n)
{
  vq_text_keep_last (line->text, bytes, n, KEPT_MAX);
  line->n_heard++;
  line->last_heard = g_get_monotonic_time ();
}

static gboolean
on_readable (int fd, GIOCondition events, gpointer data)
{
  VqSerialLine *line = data;
  char buffer[4096];
  gssize n = recv (fd, buffer, sizeof buffer, MSG_DONTWAIT);

  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return G_SOURCE_CONTINUE;
  if (n > 0)
    keep (line, buffer, n);
  else
    end (line, n < 0 ? g_strerror (errno) : "QEMU has closed it");
  if (line->heard != NULL)
    line->heard (line->heard_data);
  return G_SOURCE_CONTINUE; /* if the line has ended, the source is already removed */
}

VqSerialLine *
vq_serial_line_new (int fd)
{
  VqSerialLine *line = g_new0 (VqSerialLine, 1);

  line->fd = fd;
  line->out = vq_send_queue_new (fd, on_send_failed, line);
  line->text = g_string_new (NULL);
  line->last_heard = g_get_monotonic_time ();
  line->read_id = g_unix_fd_add (fd, G_IO_IN | G_IO_HUP | G_IO_ERR, on_readable, line);
  return line;
}

void
vq_serial_line_free (VqSerialLine *line)
{
  if (line == NULL)
    return;
  g_clear_handle_id (&line->read_id, g_source_remove);
  vq_send_queue_free (line->out);
  close (line->fd);
  g_string_free (line->text, TRUE);
  g_free (line->secret);
  g_clear_error (&line->error);
  g_free (line);
}

void
vq_serial_line_on_heard (VqSerialLine *line, VqSerialHeard heard, gpointer data)
{
  line->heard = heard;
  line->heard_data = data;
}

void
vq_serial_line_send (VqSerialLine *line, const char *text)
{
  struct iovec piece = { (void *)text, strlen (text) };

  if (line->error == NULL)
    vq_send_queue_add (line->out, &piece, 1);
}

gboolean
vq_serial_line_is_taken (VqSerialLine *line)
{
  return vq_send_queue_is_taken (line->out);
}

void
vq_serial_line_interrupt (VqSerialLine *line)
{
  vq_send_queue_clear (line->out);
  vq_serial_line_send (line, "\003\n");
}

static gboolean
is_sent (gpointer line)
{
  return ((VqSerialLine *)line)->error != NULL
         || !vq_send_queue_is_full (((VqSerialLine *)line)->out);
}

static gboolean
has_ended (gpointer line)
{
  return ((VqSerialLine *)line)->error != NULL;
}

/* We only shut down our direction. QEMU then reads to the end, and closes its side. If we closed
 * the socket at once, QEMU would read nothing more. */
void
vq_serial_line_finish (VqSerialLine *line, gint64 deadline, VqCancel *cancel)
{
  if (!vq_wait_until (is_sent, line, deadline, cancel, "room", NULL))
    return;
  shutdown (line->fd, SHUT_WR);
  (void)!vq_wait_until (has_ended, line, deadline, cancel, "end", NULL);
}

const char *
vq_serial_line_get_text (VqSerialLine *line)
{
  return line->text->str;
}

void
vq_serial_line_forget (VqSerialLine *line, const char *before)
{
  g_string_erase (line->text, 0, before != NULL ? before - line->text->str : -1);
}

void
vq_serial_line_set_secret (VqSerialLine *line, const char *secret)
{
  g_free (line->secret);
  line->secret = secret != NULL && secret[0] != '\0' ? g_strdup (secret) : NULL;
}

/* Hides the secret in TEXT, which is taken over. */
static char *
hide_secret (VqSerialLine *line, char *text)
{
  g_autofree char *whole = text;
  g_auto (GStrv) parts = NULL;

  if (line->secret == NULL)
    return g_steal_pointer (&whole);
  parts = g_strsplit (whole, line->secret, -1);
  return g_strjoinv ("***", parts);
}

char *
vq_serial_line_last_words (VqSerialLine *line, gboolean complete)
{
  const char *newline = strrchr (line->text->str, '\n');
  gsize n = complete ? newline != NULL ? (gsize)(newline - line->text->str) : 0 : line->text->len;
  g_autofree char *text = hide_secret (line, g_strndup (line->text->str, n));

  return vq_text_last_lines (text, 1, WORDS_MAX, "");
}

gint64
vq_serial_line_last_heard (VqSerialLine *line)
{
  return line->last_heard;
}

const GError *
vq_serial_line_get_error (VqSerialLine *line)
{
  return line->error;
}

typedef struct
{
  VqSerialLine *line;
  guint64 n_heard; /* the number before the wait */
} More;

static gboolean
has_more (gpointer data)
{
  More *more = data;

  return more->line->n_heard != more->n_heard || more->line->error != NULL;
}

gboolean
vq_serial_line_wait_more (VqSerialLine *line, gint64 until, VqCancel *cancel, GError **error)
{
  More more = { line, line->n_heard };
  g_autoptr (GError) local = NULL;
  const GError *reason;

  (void)!vq_wait_until (has_more, &more, until, cancel, "more", &local);
  reason = vq_cancel_reason (cancel) != NULL ? vq_cancel_reason (cancel) : line->error;
  if (reason != NULL)
    g_propagate_error (error, g_error_copy (reason));
  return reason == NULL;
}
