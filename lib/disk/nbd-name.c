// SPDX-License-Identifier: GPL-2.0-or-later
#include "disk/nbd-name.h"

#include <string.h>

#include "base/error.h"
#include "base/qemu-value.h"
#include "image/qemu-img.h"

#define DEFAULT_PORT "10809"
#define SECONDS 30

#define FORMS "nbd://HOST[:PORT]/[EXPORT] and nbd+unix:///[EXPORT]?socket=PATH"

gboolean
vq_nbd_name_is (const char *text)
{
  return g_str_has_prefix (text, "nbd:") || g_str_has_prefix (text, "nbd+");
}

/* The value of "socket", which must be the only one in QUERY; NULL: it is not. Transfer full. */
static char *
find_socket (const char *query)
{
  static const char key[] = "socket=";
  const char *value = query + strlen (key);

  if (!g_str_has_prefix (query, key) || *value != '/' || strchr (value, '&') != NULL)
    return NULL;
  return g_uri_unescape_string (value, NULL);
}

static gboolean
set_place (VqNbdName *name, GUri *uri)
{
  const char *host = g_uri_get_host (uri) != NULL ? g_uri_get_host (uri) : "";
  const char *query = g_uri_get_query (uri);
  int port = g_uri_get_port (uri);

  if (g_uri_get_userinfo (uri) != NULL || g_uri_get_fragment (uri) != NULL || port == 0)
    return FALSE;
  if (g_str_equal (g_uri_get_scheme (uri), "nbd") && *host != '\0' && query == NULL)
    {
      name->host = g_strdup (host);
      name->port = port > 0 ? g_strdup_printf ("%d", port) : g_strdup (DEFAULT_PORT);
    }
  else if (g_str_equal (g_uri_get_scheme (uri), "nbd+unix") && *host == '\0' && port < 0
           && query != NULL)
    name->socket = find_socket (query);
  return name->host != NULL || name->socket != NULL;
}

VqNbdName *
vq_nbd_name_parse (const char *text, GError **error)
{
  g_autoptr (VqNbdName) name = g_new0 (VqNbdName, 1);
  g_autoptr (GUri) uri = g_uri_parse (text, G_URI_FLAGS_ENCODED_QUERY, NULL);
  const char *path = uri != NULL ? g_uri_get_path (uri) : "";

  if (uri != NULL && strstr (text, "://") != NULL && set_place (name, uri))
    {
      name->export = g_strdup (path + (*path == '/'));
      return g_steal_pointer (&name);
    }
  vq_error_set (error, VQ_ERROR_USAGE, "\"%s\" is none of " FORMS, text);
  return NULL;
}

void
vq_nbd_name_free (VqNbdName *name)
{
  if (name == NULL)
    return;
  g_free (name->host);
  g_free (name->port);
  g_free (name->socket);
  g_free (name->export);
  g_free (name);
}

JsonNode *
vq_nbd_name_build_node (const VqNbdName *name, const char *node)
{
  JsonNode *server = name->host != NULL
                         ? vq_json_build ("type", "s", "inet", "host", "s", name->host, "port", "s",
                                          name->port, NULL)
                         : vq_json_build ("type", "s", "unix", "path", "s", name->socket, NULL);
  JsonNode *built
      = vq_json_build ("driver", "s", "nbd", "node-name", "s", node, "export", "s", name->export,
                       "read-only", "b", TRUE, "auto-read-only", "b", FALSE, NULL);

  json_object_set_member (json_node_get_object (built), "server", server);
  return built;
}

/* For qemu-img's --image-opts. Transfer full. */
static char *
build_options (const VqNbdName *name)
{
  g_autofree char *export = vq_qemu_value_quote (name->export);
  g_autofree char *place = vq_qemu_value_quote (name->host != NULL ? name->host : name->socket);

  return name->host != NULL
             ? g_strdup_printf ("driver=nbd,export=%s,server.type=inet,server.host=%s,"
                                "server.port=%s",
                                export, place, name->port)
             : g_strdup_printf ("driver=nbd,export=%s,server.type=unix,server.path=%s", export,
                                place);
}

gboolean
vq_nbd_name_find_size (const VqNbdName *name, guint64 *size, VqCancel *cancel, GError **error)
{
  g_autofree char *options = build_options (name);
  const char *const argv[] = { "info", "-U", "--output=json", "--image-opts", options, NULL };
  g_autofree char *text = NULL;
  g_autoptr (JsonNode) node = NULL;
  gint64 number = 0;

  if (!vq_qemu_img_run (argv, &text, vq_deadline_in (SECONDS), cancel, error))
    return FALSE;
  node = vq_json_parse_object (text, strlen (text), error);
  if (node == NULL
      || !vq_json_get_int (json_node_get_object (node), "virtual-size", 0, &number, error))
    return FALSE;
  *size = number;
  return number > 0 || vq_error_set (error, VQ_ERROR_PEER, "the server's image is empty");
}
