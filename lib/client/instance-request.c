// SPDX-License-Identifier: GPL-2.0-or-later
#include "client/instance-request.h"

#include <string.h>

#include "base/arguments.h"
#include "base/error.h"
#include "list/targets.h"
#include "verb/verb-output.h"

#define TIMEOUT_DEFAULT 30

/* Option N is the flag 1 << N; those that every verb has come after these. */
enum
{
  OPTION_TIMEOUT,
  OPTION_FORCE,
  OPTION_NO_WAIT,
  OPTION_FOR,
  OPTION_FOLLOW,
  OPTION_LEASE,
  OPTION_OWNER_PID,
  OPTION_OWNER_FD,
  OPTION_EPHEMERAL,
  OPTION_TARGETS,
  N_CHOSEN,
  OPTION_FORMAT = N_CHOSEN,
  OPTION_HELP,
};

static const VqArgument arguments_table[] = {
  [OPTION_FORMAT] = { "format", 0, TRUE },
  [OPTION_TIMEOUT] = { "timeout", 0, TRUE },
  [OPTION_FORCE] = { "force", 'f', FALSE },
  [OPTION_NO_WAIT] = { "no-wait", 0, FALSE },
  [OPTION_FOR] = { "for", 0, TRUE },
  [OPTION_FOLLOW] = { "follow", 'f', FALSE },
  [OPTION_LEASE] = { "lease", 0, TRUE },
  [OPTION_OWNER_PID] = { "owner-pid", 0, TRUE },
  [OPTION_OWNER_FD] = { "owner-fd", 0, TRUE },
  [OPTION_EPHEMERAL] = { "ephemeral", 0, FALSE },
  [OPTION_TARGETS] = { "targets", 't', TRUE },
  [OPTION_HELP] = { "help", 'h', FALSE },
  { NULL },
};

/* A command line that is read. */
typedef struct
{
  VqInstanceRequest *request;
  VqInstanceRequestOptions options; /* that the verb has */
  GStrvBuilder *names;
} Words;

static gboolean
apply_format (VqInstanceRequest *request, const char *value, GError **error)
{
  VqVerbListFormat format = VQ_VERB_LIST_TABLE;
  gboolean known = vq_verb_output_read_list_format (value, &format, error);

  request->json = format == VQ_VERB_LIST_JSON;
  request->bare = format == VQ_VERB_LIST_NAMES;
  return known;
}

static gboolean
apply_for (VqInstanceRequest *request, const char *value, GError **error)
{
  request->stopped = strcmp (value, "stopped") == 0;
  return request->stopped || strcmp (value, "ready") == 0
         || vq_error_set (error, VQ_ERROR_USAGE, "\"%s\" is not ready or stopped", value);
}

static gboolean
apply_option (VqInstanceRequest *request, int index, const char *value, GError **error)
{
  switch (index)
    {
    case OPTION_FORMAT:
      return apply_format (request, value, error);
    case OPTION_TIMEOUT:
      return vq_arguments_parse_int (value, 0, 24 * 60 * 60, &request->timeout, error);
    case OPTION_FORCE:
      request->force = TRUE;
      return TRUE;
    case OPTION_NO_WAIT:
      request->no_wait = TRUE;
      return TRUE;
    case OPTION_FOLLOW:
      request->follow = TRUE;
      return TRUE;
    case OPTION_EPHEMERAL:
      request->ephemeral = TRUE;
      return TRUE;
    case OPTION_LEASE:
    case OPTION_OWNER_PID:
    case OPTION_OWNER_FD:
      return vq_instance_life_take (&request->life, arguments_table[index].name, value, error);
    case OPTION_FOR:
      return apply_for (request, value, error);
    default:
      request->help = TRUE;
      return TRUE;
    }
}

static gboolean
read_targets (Words *words, const char *path, GError **error)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);

  if (!vq_targets_read (path, names, error))
    return FALSE;
  for (guint i = 0; i < names->len; i++)
    g_strv_builder_add (words->names, names->pdata[i]);
  return TRUE;
}

static gboolean
take_option (gpointer data, int index, const char *value, GError **error)
{
  Words *words = data;

  if (index < N_CHOSEN && (words->options & (1u << index)) == 0)
    return vq_error_set (error, VQ_ERROR_USAGE, "this verb does not have it");
  if (index == OPTION_TARGETS)
    return read_targets (words, value, error);
  return apply_option (words->request, index, value, error);
}

static gboolean
take_name (gpointer data, const char *value, GError **error)
{
  g_strv_builder_add (((Words *)data)->names, value);
  return TRUE;
}

static gboolean
parse (VqInstanceRequest *request, VqArguments *arguments, VqInstanceRequestOptions options,
       GStrvBuilder *names, GError **error)
{
  static const VqArgumentsTaker taker = { take_option, take_name };
  Words words = { request, options, names };

  return vq_arguments_take_all (arguments, &taker, &words, &request->help, error);
}

static gboolean
check_names (const VqInstanceRequest *request, guint min, guint max, GError **error)
{
  guint n = g_strv_length (request->names);

  if (n < min && n == 0)
    return vq_error_set (error, VQ_ERROR_USAGE, "which instance?");
  if (n < min)
    return vq_error_set (error, VQ_ERROR_USAGE, "give another name after \"%s\"",
                         request->names[n - 1]);
  return n <= max
         || vq_error_set (error, VQ_ERROR_USAGE, "\"%s\" is one name too many",
                          request->names[max]);
}

/* A letter may stand for different options of different verbs. */
static void
fill_table (VqArgument *table, VqInstanceRequestOptions options)
{
  memcpy (table, arguments_table, sizeof arguments_table);
  for (guint i = 0; i < N_CHOSEN; i++)
    if ((options & (1u << i)) == 0)
      table[i].letter = 0;
}

gboolean
vq_instance_request_parse (VqInstanceRequest *request, const char *const *arguments,
                           VqInstanceRequestOptions options, guint min_names, guint max_names,
                           GError **error)
{
  VqArgument table[G_N_ELEMENTS (arguments_table)];
  g_autoptr (VqArguments) parser = NULL;
  GStrvBuilder *names = g_strv_builder_new ();
  gboolean parsed;

  fill_table (table, options);
  parser = vq_arguments_new (table, arguments, error);
  *request = (VqInstanceRequest){ .timeout = TIMEOUT_DEFAULT, .life = VQ_INSTANCE_LIFE_NONE };
  request->json = vq_verb_error_wants_json (arguments);
  parsed = parser != NULL && parse (request, parser, options, names, error);
  request->names = g_strv_builder_end (names);
  g_strv_builder_unref (names);
  return parsed && (request->help || check_names (request, min_names, max_names, error));
}

void
vq_instance_request_clear (VqInstanceRequest *request)
{
  g_strfreev (request->names);
  vq_instance_owner_clear (&request->life.owner);
}

VqVerbStatus
vq_instance_request_run (const VqInstanceRequestVerb *verb, const char *const *arguments)
{
  g_autoptr (GError) error = NULL;
  g_auto (VqInstanceRequest) request = { 0 };

  if (!vq_instance_request_parse (&request, arguments, verb->options, verb->min_names,
                                  verb->max_names, &error))
    return vq_verb_error_report (error, verb->how, request.json);
  if (request.help)
    vq_verb_output_text ("%s", verb->help);
  else if (!verb->act (&request, &error))
    return vq_verb_error_report (error, verb->how, request.json);
  return VQ_VERB_OK;
}
