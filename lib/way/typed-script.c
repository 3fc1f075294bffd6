// SPDX-License-Identifier: GPL-2.0-or-later
#include "way/typed-script.h"

#include <stdlib.h>
#include <string.h>

#include "base/random.h"

#define CHUNK 900

/* The nonce need not be secret, so if there are no random bytes the time will do. */
void
vq_typed_script_make_nonce (char *nonce)
{
  guint64 number = 0;

  if (!vq_random_fill ((guint8 *)&number, sizeof number, NULL))
    number = g_get_monotonic_time ();
  g_snprintf (nonce, VQ_TYPED_SCRIPT_NONCE_SIZE, "%016" G_GINT64_MODIFIER "x", number);
}

/* Whether C can be typed between single quotes and stands for itself in a format of printf. */
static gboolean
is_plain (guchar c)
{
  return g_ascii_isprint (c) && strchr ("'\\%!", c) == NULL;
}

/* SCRIPT as a format for printf. It begins with a blank, because printf takes a "-" at the
 * beginning for an option. */
static char *
encode (const char *script)
{
  GString *format = g_string_new (" ");

  for (const char *p = script; *p != '\0'; p++)
    if (is_plain (*p))
      g_string_append_c (format, *p);
    else
      g_string_append_printf (format, "\\%03o", (guchar)*p);
  return g_string_free (format, FALSE);
}

char *
vq_typed_script_new (const char *script, const char *nonce)
{
  g_autofree char *format = encode (script);
  gsize n = strlen (format);
  GString *lines = g_string_new ("vqs=; vq=\n");

  for (gsize done = 0; done < n; done += CHUNK)
    g_string_append_printf (lines, "vq=$vq'%.*s'\n", CHUNK, format + done);
  g_string_append_printf (lines,
                          "echo vq$((0))=%s; if [ ${#vq} -eq %" G_GSIZE_FORMAT " ]; then "
                          "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "
                          "/bin/sh -c \"$(printf \"$vq\")\" sh </dev/null >/dev/null; vqs=$?; "
                          "else vqs=%d; fi; ",
                          nonce, n, VQ_TYPED_SCRIPT_DAMAGED);
  g_string_append_printf (lines, "echo vq=" VQ_TYPED_SCRIPT_STATUS "=%s\n", nonce);
  return g_string_free (lines, FALSE);
}

const char *
vq_typed_script_skip_to_start (const char *text, const char *nonce)
{
  g_autofree char *mark = g_strconcat ("vq0=", nonce, NULL);
  const char *found = strstr (text, mark);

  return found != NULL ? found + strlen (mark) : text;
}

const char *
vq_typed_script_find_number (const char *text, const char *nonce, gint64 *number)
{
  for (const char *p = strstr (text, "vq="); p != NULL; p = strstr (p + 3, "vq="))
    {
      gsize digits = strspn (p + 3, "0123456789");

      if (digits > 10 || p[3 + digits] != '=' || !g_str_has_prefix (p + 4 + digits, nonce))
        continue;
      *number = digits > 0 ? g_ascii_strtoll (p + 3, NULL, 10) : -1;
      return p;
    }
  return NULL;
}
