// SPDX-License-Identifier: GPL-2.0-or-later
#include "io/guest-text.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/visible-text.h"
#include "io/user-stderr.h"

#define BLOCK 4096
#define TAIL 2048        /* how many bytes of what is left out are shown at the end */
#define READS_AT_END 256 /* of a block each: what a pipe of 1 MiB holds */

#define TOO_MUCH "\n[this is too much: of the rest only the end is shown]\n"

struct _VqGuestText
{
  VqVisibleText *visible;
  guint64 left;      /* so many bytes may still be shown */
  guint64 n_dropped; /* so many were more than that */
  GString *tail;     /* the last of these */
  int fd;            /* owned; the pipe's reading end, or -1 */
  guint id;
};

VqGuestText *
vq_guest_text_new (guint64 max)
{
  VqGuestText *text = g_new0 (VqGuestText, 1);

  text->visible = vq_visible_text_new ();
  text->left = max;
  text->tail = g_string_new (NULL);
  text->fd = -1;
  return text;
}

static void
put (VqGuestText *text, const char *bytes, gsize n)
{
  g_autoptr (GString) shown = g_string_new (NULL);

  vq_visible_text_add (text->visible, bytes, n, shown);
  vq_user_stderr_write (shown->str, shown->len);
}

static void
drop (VqGuestText *text, const char *bytes, gsize n)
{
  text->n_dropped += n;
  g_string_append_len (text->tail, bytes, n);
  if (text->tail->len > TAIL)
    g_string_erase (text->tail, 0, text->tail->len - TAIL);
}

void
vq_guest_text_show (VqGuestText *text, const char *bytes, gsize n)
{
  gsize now = MIN (n, text->left);

  put (text, bytes, now);
  text->left -= now;
  if (n > now && text->n_dropped == 0)
    put (text, TOO_MUCH, strlen (TOO_MUCH));
  if (n > now)
    drop (text, bytes + now, n - now);
}

/* Reads once. Returns FALSE when nothing is left now; *ENDED tells whether nothing more can come.
 */
static gboolean
read_some (VqGuestText *text, gboolean *ended)
{
  char block[BLOCK];
  gssize n = read (text->fd, block, sizeof block);

  *ended = n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
  if (n > 0)
    vq_guest_text_show (text, block, n);
  return n > 0;
}

static gboolean
on_readable (int fd, GIOCondition events, gpointer data)
{
  VqGuestText *text = data;
  gboolean ended;

  read_some (text, &ended);
  if (!ended)
    return G_SOURCE_CONTINUE;
  text->id = 0;
  return G_SOURCE_REMOVE;
}

int
vq_guest_text_open_pipe (VqGuestText *text, GError **error)
{
  int ends[2];

  if (!vq_fd_open_pipe (ends, error))
    return -1;
  text->fd = ends[0];
  g_unix_set_fd_nonblocking (text->fd, TRUE, NULL);
  text->id = g_unix_fd_add (text->fd, G_IO_IN | G_IO_HUP, on_readable, text);
  return ends[1];
}

/* Limited, because a process that was left behind may write for ever. */
static void
drain (VqGuestText *text)
{
  gboolean ended;

  for (guint i = 0; i < READS_AT_END && read_some (text, &ended); i++)
    ;
}

static void
show_end (VqGuestText *text)
{
  g_autoptr (GString) shown = g_string_new (NULL);

  if (text->n_dropped > text->tail->len)
    g_string_append_printf (shown, "[%" G_GUINT64_FORMAT " bytes are left out here]\n",
                            text->n_dropped - text->tail->len);
  vq_visible_text_add (text->visible, text->tail->str, text->tail->len, shown);
  vq_visible_text_end (text->visible, shown);
  vq_user_stderr_write (shown->str, shown->len);
}

void
vq_guest_text_free (VqGuestText *text)
{
  if (text == NULL)
    return;
  g_clear_handle_id (&text->id, g_source_remove);
  if (text->fd >= 0)
    drain (text);
  vq_fd_clear (&text->fd);
  show_end (text);
  vq_visible_text_free (text->visible);
  g_string_free (text->tail, TRUE);
  g_free (text);
}
