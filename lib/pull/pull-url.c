// SPDX-License-Identifier: GPL-2.0-or-later
#include "pull/pull-url.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"

#define SHOWN_MAX 512
#define LONGEST 2000

/* The parts stay as they are written; only the password is apart. */
#define FLAGS (G_URI_FLAGS_ENCODED | G_URI_FLAGS_HAS_PASSWORD)

static gboolean
begins_with (const char *name, const char *scheme)
{
  return g_ascii_strncasecmp (name, scheme, strlen (scheme)) == 0;
}

gboolean
vq_pull_url_is_file (const char *url)
{
  return begins_with (url, "file://");
}

gboolean
vq_pull_url_is (const char *name)
{
  return begins_with (name, "http://") || begins_with (name, "https://")
         || vq_pull_url_is_file (name);
}

gboolean
vq_pull_url_check (const char *url, GError **error)
{
  g_autoptr (GUri) uri = g_uri_parse (url, FLAGS, NULL);
  g_autofree char *shown = vq_pull_url_show (url);

  for (const char *c = url; *c != '\0'; c++)
    if (*c <= ' ' || *c > '~')
      return vq_error_set (error, VQ_ERROR_USAGE,
                           "the address has characters that must be written as %%XX: %s", shown);
  if (uri == NULL || !vq_pull_url_is (url) || vq_pull_url_is_file (url)
      || g_uri_get_host (uri) == NULL || *g_uri_get_host (uri) == '\0' || strlen (url) > LONGEST)
    return vq_error_set (error, VQ_ERROR_USAGE, "\"%s\" is no http or https address", shown);
  return TRUE;
}

char *
vq_pull_url_get_path (const char *url, GError **error)
{
  g_autoptr (GUri) uri = g_uri_parse (url, FLAGS, NULL);
  const char *host = uri != NULL ? g_uri_get_host (uri) : NULL;
  g_autofree char *path = uri != NULL ? g_uri_unescape_string (g_uri_get_path (uri), NULL) : NULL;
  g_autofree char *shown = vq_text_printable (url, strlen (url), SHOWN_MAX);

  if (path != NULL && *path == '/'
      && (host == NULL || *host == '\0' || !strcmp (host, "localhost")))
    return g_steal_pointer (&path);
  vq_error_set (error, VQ_ERROR_USAGE, "\"%s\" is no file on this host: write file:///PATH", shown);
  return NULL;
}

char *
vq_pull_url_show (const char *url)
{
  g_autoptr (GUri) uri = g_uri_parse (url, FLAGS, NULL);
  g_autofree char *plain
      = uri != NULL ? g_uri_to_string_partial (uri, G_URI_HIDE_PASSWORD) : g_strdup (url);

  return vq_text_printable (plain, strlen (plain), SHOWN_MAX);
}

char *
vq_pull_url_get_name (const char *url)
{
  g_autoptr (GUri) uri = g_uri_parse (url, FLAGS, NULL);
  const char *path = uri != NULL ? g_uri_get_path (uri) : "";
  const char *slash = strrchr (path, '/');
  char *name = g_uri_unescape_string (slash != NULL ? slash + 1 : path, NULL);

  return name != NULL ? name : g_strdup ("");
}

char *
vq_pull_url_get_sibling (const char *url, const char *name)
{
  gsize length = strcspn (url, "?#");
  g_autofree char *plain = g_strndup (url, length);
  const char *host = strstr (plain, "://") + strlen ("://");
  const char *slash = strrchr (host, '/');

  return g_strdup_printf ("%.*s/%s", (int)(slash != NULL ? slash - plain : (gssize)strlen (plain)),
                          plain, name);
}
