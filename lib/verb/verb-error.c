// SPDX-License-Identifier: GPL-2.0-or-later
#include "verb/verb-error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "verb/verb-output.h"

VqVerbStatus
vq_verb_error_get_status (const GError *error)
{
  static const VqVerbStatus statuses[] = {
    [VQ_ERROR_FAILED] = VQ_VERB_FAILED,       [VQ_ERROR_TIMEOUT] = VQ_VERB_LIMIT,
    [VQ_ERROR_CANCELLED] = VQ_VERB_FAILED,    [VQ_ERROR_MACHINE] = VQ_VERB_FAILED,
    [VQ_ERROR_PEER] = VQ_VERB_FAILED,         [VQ_ERROR_MISSING] = VQ_VERB_MISSING,
    [VQ_ERROR_LOCKED] = VQ_VERB_FAILED,       [VQ_ERROR_USAGE] = VQ_VERB_USAGE,
    [VQ_ERROR_BUSY] = VQ_VERB_BUSY,           [VQ_ERROR_EXISTS] = VQ_VERB_EXISTS,
    [VQ_ERROR_NO_ROOM] = VQ_VERB_NO_CAPACITY,
  };

  return statuses[vq_error_get_code (error)];
}

const char *
vq_verb_error_get_word (VqVerbStatus status)
{
  static const char *const words[] = {
    [VQ_VERB_OK] = "ok",       [VQ_VERB_FAILED] = "failed",
    [VQ_VERB_USAGE] = "usage", [VQ_VERB_MISSING] = "missing",
    [VQ_VERB_BUSY] = "busy",   [VQ_VERB_NO_CAPACITY] = "no-capacity",
    [VQ_VERB_LIMIT] = "limit", [VQ_VERB_EXISTS] = "exists",
  };

  return words[status];
}

gboolean
vq_verb_error_wants_json (const char *const *arguments)
{
  for (; *arguments != NULL; arguments++)
    if (strcmp (*arguments, "--format=json") == 0
        || (strcmp (*arguments, "--format") == 0 && g_strcmp0 (arguments[1], "json") == 0))
      return TRUE;
  return FALSE;
}

static void
print_json (VqVerbStatus status, const char *message, const char *hint)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "error");
  json_builder_begin_object (builder);
  vq_verb_output_add_string (builder, "code", vq_verb_error_get_word (status));
  vq_verb_output_add_string (builder, "message", message);
  vq_verb_output_add_string (builder, "hint", hint);
  json_builder_end_object (builder);
  json_builder_end_object (builder);
  vq_verb_output_json (builder);
}

VqVerbStatus
vq_verb_error_report (const GError *error, const char *help, gboolean json)
{
  VqVerbStatus status = vq_verb_error_get_status (error);
  g_autofree char *hint = status == VQ_VERB_USAGE ? g_strdup_printf ("Try '%s'.", help) : NULL;

  if (vq_error_is_errno (error, EPIPE) && vq_verb_output_has_lost_reader ())
    return status; /* as after "| head": who reads no more needs no more */
  g_critical ("%s", error->message);
  if (hint != NULL)
    fprintf (stderr, "%s\n", hint);
  if (json)
    print_json (status, error->message, hint);
  return status;
}
