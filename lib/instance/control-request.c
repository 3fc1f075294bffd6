// SPDX-License-Identifier: GPL-2.0-or-later
#include "instance/control-request.h"

#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "instance/control-text.h"

struct _VqControlRequest
{
  int fd;
  guint source_id; /* 0: the client has gone away */
  char **words;
};

static gboolean
on_gone (int fd, GIOCondition events, gpointer data)
{
  VqControlRequest *request = data;

  request->source_id = 0;
  return G_SOURCE_REMOVE;
}

/* A client waits for the reply and sends nothing more, so whatever can be read is its end. */
VqControlRequest *
vq_control_request_new (int fd, const char *line)
{
  VqControlRequest *request = g_new0 (VqControlRequest, 1);

  request->fd = fd;
  request->words = vq_control_text_split (line);
  if (request->words[0] == NULL)
    {
      g_strfreev (request->words);
      request->words = g_strsplit ("?", " ", -1);
    }
  request->source_id = g_unix_fd_add (fd, G_IO_IN | G_IO_HUP | G_IO_ERR, on_gone, request);
  return request;
}

static void
request_free (VqControlRequest *request)
{
  g_clear_handle_id (&request->source_id, g_source_remove);
  vq_fd_clear (&request->fd);
  g_strfreev (request->words);
  g_free (request);
}

const char *const *
vq_control_request_get_words (const VqControlRequest *request)
{
  return (const char *const *)request->words;
}

gboolean
vq_control_request_is_gone (const VqControlRequest *request)
{
  return request->source_id == 0;
}

/* Replies are short, so that the buffer of the socket has room for them. */
static void
send_text (VqControlRequest *request, const char *text)
{
  if (send (request->fd, text, strlen (text), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
    g_debug ("cannot answer a client: %s", g_strerror (errno));
}

void
vq_control_request_note (VqControlRequest *request, const char *text)
{
  const char *const words[] = { "note", text, NULL };
  g_autofree char *line = vq_control_text_build (words);

  send_text (request, line);
}

void
vq_control_request_succeed (VqControlRequest *request, const char *const *words)
{
  g_autofree char *rest = vq_control_text_build (words);
  g_autofree char *line = g_strconcat ("ok", words[0] != NULL ? " " : "", rest, NULL);

  send_text (request, line);
  request_free (request);
}

void
vq_control_request_fail (VqControlRequest *request, const GError *error)
{
  g_autofree char *line = vq_control_text_build_error (error);

  send_text (request, line);
  request_free (request);
}
