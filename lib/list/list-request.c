// SPDX-License-Identifier: GPL-2.0-or-later
#include "list/list-request.h"

#include <string.h>

#include "base/arguments.h"
#include "base/error.h"
#include "list/targets.h"

const char vq_list_request_help[]
    = "Usage: virt-qemu list [OPTION...] [NAME...]\n"
      "\n"
      "Shows all instances, or those with these names. Each option that is given keeps\n"
      "only those for which it is true.\n"
      "\n"
      "      --format=FORMAT      table, json, names, brief, summary or targets\n"
      "                           (default: table)\n"
      "      --brief              who has locked what, and what for\n"
      "      --summary            how many there are of each type of machine and owner\n"
      "      --list-targets       YAML: a mapping from each machine to its host key\n"
      "  -t, --targets=FILE       those in such a file\n"
      "      --owner=OWNER        locked by OWNER\n"
      "      --locked=WORD        true or false\n"
      "      --status=WORD        up or down, as \"virt-qemu update\" has set it\n"
      "      --desc=TEXT          locked with this description\n"
      "      --desc-pattern=REGEX a regular expression that is found in it\n"
      "      --machine-type=TYPE  locked with this type of machine\n"
      "      --os-type=OS         the distribution, for example debian\n"
      "      --os-version=VERSION its version as JSON has it, for example 12\n"
      "      --json-query=JSON    an object (or a file with one) whose members the instance\n"
      "                           has, too, in JSON\n"
      "  -h, --help               show this text and exit\n";

enum
{
  OPTION_FORMAT,
  OPTION_BRIEF,
  OPTION_SUMMARY,
  OPTION_LIST_TARGETS,
  OPTION_TARGETS,
  OPTION_OWNER,
  OPTION_LOCKED,
  OPTION_STATUS,
  OPTION_DESC,
  OPTION_DESC_PATTERN,
  OPTION_MACHINE_TYPE,
  OPTION_OS_TYPE,
  OPTION_OS_VERSION,
  OPTION_JSON_QUERY,
  OPTION_HELP,
};

static const VqArgument arguments_table[] = {
  [OPTION_FORMAT] = { "format", 0, TRUE },
  [OPTION_BRIEF] = { "brief", 0, FALSE },
  [OPTION_SUMMARY] = { "summary", 0, FALSE },
  [OPTION_LIST_TARGETS] = { "list-targets", 0, FALSE },
  [OPTION_TARGETS] = { "targets", 't', TRUE },
  [OPTION_OWNER] = { "owner", 0, TRUE },
  [OPTION_LOCKED] = { "locked", 0, TRUE },
  [OPTION_STATUS] = { "status", 0, TRUE },
  [OPTION_DESC] = { "desc", 0, TRUE },
  [OPTION_DESC_PATTERN] = { "desc-pattern", 0, TRUE },
  [OPTION_MACHINE_TYPE] = { "machine-type", 0, TRUE },
  [OPTION_OS_TYPE] = { "os-type", 0, TRUE },
  [OPTION_OS_VERSION] = { "os-version", 0, TRUE },
  [OPTION_JSON_QUERY] = { "json-query", 0, TRUE },
  [OPTION_HELP] = { "help", 'h', FALSE },
  { NULL },
};

static gboolean
apply_format (VqListRequest *request, const char *value, GError **error)
{
  static const char *const formats[] = {
    [VQ_LIST_TABLE] = "table", [VQ_LIST_JSON] = "json",       [VQ_LIST_NAMES] = "names",
    [VQ_LIST_BRIEF] = "brief", [VQ_LIST_SUMMARY] = "summary", [VQ_LIST_TARGETS] = "targets",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (formats); i++)
    if (strcmp (value, formats[i]) == 0)
      {
        request->format = (VqListFormat)i;
        return TRUE;
      }
  return vq_error_set (error, VQ_ERROR_USAGE,
                       "\"%s\" is not table, json, names, brief, summary or targets", value);
}

static gboolean
apply_option (gpointer data, int index, const char *value, GError **error)
{
  VqListRequest *request = data;

  switch (index)
    {
    case OPTION_FORMAT:
      return apply_format (request, value, error);
    case OPTION_BRIEF:
      request->format = VQ_LIST_BRIEF;
      return TRUE;
    case OPTION_SUMMARY:
      request->format = VQ_LIST_SUMMARY;
      return TRUE;
    case OPTION_LIST_TARGETS:
      request->format = VQ_LIST_TARGETS;
      return TRUE;
    case OPTION_TARGETS:
      request->targets = TRUE;
      return vq_targets_read (value, request->names, error);
    case OPTION_HELP:
      request->help = TRUE;
      return TRUE;
    default:
      return vq_list_filter_set (&request->filter, arguments_table[index].name, value, error);
    }
}

static gboolean
take_name (gpointer data, const char *value, GError **error)
{
  VqListRequest *request = data;
  char *name = vq_targets_get_name (value, error);

  if (name != NULL)
    g_ptr_array_add (request->names, name);
  return name != NULL;
}

gboolean
vq_list_request_parse (VqListRequest *request, const char *const *arguments, GError **error)
{
  static const VqArgumentsTaker taker = { apply_option, take_name };
  g_autoptr (VqArguments) parser = vq_arguments_new_plain (arguments_table, arguments);

  *request = (VqListRequest){ .names = g_ptr_array_new_with_free_func (g_free) };
  return vq_arguments_take_all (parser, &taker, request, &request->help, error);
}

void
vq_list_request_clear (VqListRequest *request)
{
  vq_list_filter_clear (&request->filter);
  g_clear_pointer (&request->names, g_ptr_array_unref);
}
