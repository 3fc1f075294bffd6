// SPDX-License-Identifier: GPL-2.0-or-later
#include "verb/verb-output.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"

void
vq_verb_output_text (const char *format, ...)
{
  va_list args;

  va_start (args, format);
  vprintf (format, args);
  va_end (args);
}

gboolean
vq_verb_output_read_format (const char *value, const char *plain, gboolean *json, GError **error)
{
  *json = strcmp (value, "json") == 0;
  return *json || strcmp (value, plain) == 0
         || vq_error_set (error, VQ_ERROR_USAGE, "\"%s\" is not %s or json", value, plain);
}

gboolean
vq_verb_output_read_list_format (const char *value, VqVerbListFormat *format, GError **error)
{
  static const char *const names[] = {
    [VQ_VERB_LIST_TABLE] = "table", [VQ_VERB_LIST_JSON] = "json", [VQ_VERB_LIST_NAMES] = "names"
  };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    if (strcmp (value, names[i]) == 0)
      {
        *format = (VqVerbListFormat)i;
        return TRUE;
      }
  return vq_error_set (error, VQ_ERROR_USAGE, "\"%s\" is not table, json or names", value);
}

void
vq_verb_output_flush (void)
{
  fflush (stdout);
}

gboolean
vq_verb_output_finish (void)
{
  return fflush (stdout) == 0 && !ferror (stdout);
}

gboolean
vq_verb_output_has_lost_reader (void)
{
  struct pollfd out = { .fd = STDOUT_FILENO };

  return poll (&out, 1, 0) == 1 && (out.revents & POLLERR) != 0;
}

void
vq_verb_output_json (JsonBuilder *builder)
{
  g_autoptr (JsonNode) root = json_builder_get_root (builder);
  g_autofree char *text = json_to_string (root, TRUE);

  vq_verb_output_text ("%s\n", text);
}

void
vq_verb_output_json_line (JsonBuilder *builder)
{
  g_autoptr (JsonNode) root = json_builder_get_root (builder);
  g_autofree char *text = json_to_string (root, FALSE);

  vq_verb_output_text ("%s\n", text);
}

char *
vq_verb_output_format_time (gint64 time)
{
  g_autoptr (GDateTime) date = g_date_time_new_from_unix_utc (time / G_USEC_PER_SEC);

  return date != NULL ? g_date_time_format (date, "%Y-%m-%dT%H:%M:%SZ") : NULL;
}

void
vq_verb_output_add_string (JsonBuilder *builder, const char *name, const char *value)
{
  g_autofree char *valid = value != NULL ? g_utf8_make_valid (value, -1) : NULL;

  json_builder_set_member_name (builder, name);
  if (valid != NULL)
    json_builder_add_string_value (builder, valid);
  else
    json_builder_add_null_value (builder);
}

void
vq_verb_output_add_int (JsonBuilder *builder, const char *name, gint64 value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_int_value (builder, value);
}

void
vq_verb_output_add_size (JsonBuilder *builder, const char *name, gint64 size)
{
  if (size >= 0)
    vq_verb_output_add_int (builder, name, size);
  else
    vq_verb_output_add_string (builder, name, NULL);
}

void
vq_verb_output_add_time (JsonBuilder *builder, const char *name, gint64 time)
{
  g_autofree char *text = vq_verb_output_format_time (time);

  vq_verb_output_add_string (builder, name, text);
}
