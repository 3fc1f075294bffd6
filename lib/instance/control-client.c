// SPDX-License-Identifier: GPL-2.0-or-later
#include "instance/control-client.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/wait.h"
#include "instance/control-text.h"
#include "instance/control-wire.h"
#include "instance/instance-socket.h"
#include "io/line-reader.h"
#include "io/unix-socket.h"

/* It had no time to answer. */
static gboolean
fail_ended (const char *name, GError **error)
{
  return vq_error_set (error, VQ_ERROR_BUSY, "the instance \"%s\" has stopped", name);
}

static int
connect_to (const char *path, const char *name, GError **error)
{
  g_autoptr (GError) why = NULL;
  int fd = vq_unix_socket_connect (path, &why);

  if (vq_error_is_missing (why))
    vq_error_set (error, VQ_ERROR_BUSY, "the instance \"%s\" is just starting or stopping", name);
  else if (why != NULL)
    g_propagate_error (error, g_steal_pointer (&why));
  return fd;
}

static int
send_request (const char *path, const char *name, const char *const *words, GError **error)
{
  g_autofree char *line = vq_control_text_build (words);
  vq_autofd int fd = connect_to (path, name, error);

  if (fd < 0)
    return -1;
  if (vq_fd_write_all (fd, line, strlen (line))) /* the empty buffer has room for it */
    return g_steal_fd (&fd);
  return fail_ended (name, error), -1;
}

/* Returns FALSE if there must be more lines. */
static gboolean
is_last (char **words)
{
  if (g_strcmp0 (words[0], "note") != 0)
    return TRUE;
  if (words[1] != NULL)
    g_message ("%s", words[1]);
  return FALSE;
}

static char **
take_reply (char **words, const char *name, GError **error)
{
  g_auto (GStrv) own G_GNUC_UNUSED = words;
  GError *why = NULL;

  if (g_strcmp0 (words[0], "ok") == 0)
    return g_strdupv (words + 1);
  if (g_strcmp0 (words[0], "error") == 0)
    why = vq_control_text_parse_error ((const char *const *)words + 1);
  if (why == NULL)
    why = g_error_new (VQ_ERROR, VQ_ERROR_PEER, "the supervisor of \"%s\" answers nonsense", name);
  g_propagate_error (error, why);
  return NULL;
}

static char **
receive (const char *name, VqLineReader *lines, VqCancel *cancel, GError **error)
{
  for (;;)
    {
      g_autofree char *line = NULL;
      g_auto (GStrv) words = NULL;
      g_autoptr (GError) why = NULL;

      if (!vq_line_reader_next (lines, &line, cancel, &why) && !vq_error_is_errno (why, ECONNRESET))
        return g_propagate_error (error, g_steal_pointer (&why)), NULL;
      if (line == NULL)
        return fail_ended (name, error), NULL;
      words = vq_control_text_split (line);
      if (is_last (words))
        return take_reply (g_steal_pointer (&words), name, error);
    }
}

char **
vq_control_client_ask (const char *path, const char *name, const char *const *words,
                       VqCancel *cancel, GError **error)
{
  vq_autofd int fd = send_request (path, name, words, error);
  g_autoptr (VqLineReader) lines = NULL;

  if (fd < 0)
    return NULL;
  lines = vq_line_reader_new (fd);
  return receive (name, lines, cancel, error);
}

char **
vq_control_client_call (VqInstance *instance, const char *const *words, VqCancel *cancel,
                        GError **error)
{
  g_autofree char *path = vq_instance_socket_build_path (instance, VQ_CONTROL_SOCKET, error);

  return path != NULL
             ? vq_control_client_ask (path, vq_instance_get_name (instance), words, cancel, error)
             : NULL;
}
