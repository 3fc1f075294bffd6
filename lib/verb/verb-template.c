// SPDX-License-Identifier: GPL-2.0-or-later
#include "verb/verb-template.h"

#include <string.h>
#include <unistd.h>

#include "base/arguments.h"
#include "base/error.h"
#include "base/units.h"
#include "io/log.h"
#include "template/template-entry.h"
#include "template/template-store.h"
#include "template/template-sweep.h"
#include "verb/template-list.h"
#include "verb/template-maker.h"
#include "verb/verb-output.h"

#define NAME "virt-qemu template"

enum
{
  OPTION_FORMAT,
  OPTION_TEMPLATE_DIR,
  OPTION_TEMPLATE_MAX_AGE,
  OPTION_TEMPLATE_CACHE_SIZE,
  OPTION_UNUSED,
  OPTION_DEBUG,
  OPTION_HELP,
};

static const VqArgument arguments_table[] = {
  [OPTION_FORMAT] = { "format", 0, TRUE },
  [OPTION_TEMPLATE_DIR] = { "template-dir", 0, TRUE },
  [OPTION_TEMPLATE_MAX_AGE] = { "template-max-age", 0, TRUE },
  [OPTION_TEMPLATE_CACHE_SIZE] = { "template-cache-size", 0, TRUE },
  [OPTION_UNUSED] = { "unused", 0, FALSE },
  [OPTION_DEBUG] = { "debug", 'd', FALSE },
  [OPTION_HELP] = { "help", 'h', FALSE },
  { NULL },
};

static const char help[]
    = "Usage: " NAME " [OPTION...] [list]\n"
      "       " NAME " [OPTION...] remove KEY...\n"
      "       " NAME " [OPTION...] remove --unused\n"
      "       " NAME " [OPTION...] clean\n"
      "       " NAME " build [MACHINE OPTION...] IMAGE...\n"
      "\n"
      "Lists and removes the templates of autopkgtest-virt-qemu-ng. A template is a\n"
      "testbed that was saved when it was ready; later testbeds are forked from it.\n"
      "A template that is in use is never removed.\n"
      "\n"
      "  list            show key, age, size on disk, state and image of each template\n"
      "                  (this is the default)\n"
      "  remove KEY...   remove these templates; the first digits of a KEY are enough\n"
      "  remove --unused remove all templates that are not in use\n"
      "  clean           remove what the server would remove: damaged templates, those\n"
      "                  that are too old, and, if all together take too much room,\n"
      "                  those that were unused for the longest time\n"
      "  build           makes a template; see " NAME " build --help\n"
      "\n"
      "      --format=FORMAT            table, json or, for list, names (default: table)\n"
      "      --template-dir=DIR         where templates are kept (default:\n"
      "                                 $XDG_CACHE_HOME/virt-qemu/templates)\n"
      "      --template-max-age=AGE     for clean and list, when a template is too old:\n"
      "                                 a number with s, m, h or d, or 0 for never\n"
      "                                 (default: 1d)\n"
      "      --template-cache-size=SIZE for clean, how much all of them may take: a\n"
      "                                 number with M, G or T, or 0 for no limit\n"
      "                                 (default: 20G)\n"
      "  -d, --debug                    show what is removed and why\n"
      "  -h, --help                     show this text and exit\n";

/* The parsed command line. All strings belong to its parser. */
typedef struct
{
  VqTemplateLimits limits;
  const char *directory; /* NULL: the default */
  const char *format;    /* NULL: none given */
  gboolean unused;
  const char *command; /* NULL: none given */
  GPtrArray *keys;     /* of const char * */
  gboolean help;       /* print the help and ignore the rest */
} Request;

static const char *const formats[] = {
  [VQ_TEMPLATE_LIST_TABLE] = "table",
  [VQ_TEMPLATE_LIST_JSON] = "json",
  [VQ_TEMPLATE_LIST_NAMES] = "names",
  NULL,
};

static gboolean
apply_format (Request *request, const char *value, GError **error)
{
  if (!g_strv_contains (formats, value))
    return vq_error_set (error, VQ_ERROR_USAGE, "\"%s\" is not table, json or names", value);
  request->format = value;
  return TRUE;
}

static VqTemplateListFormat
get_format (const Request *request)
{
  VqTemplateListFormat format = VQ_TEMPLATE_LIST_TABLE;

  while (request->format != NULL && strcmp (request->format, formats[format]) != 0)
    format++;
  return format;
}

static gboolean
apply_option (gpointer data, int index, const char *value, GError **error)
{
  Request *request = data;

  switch (index)
    {
    case OPTION_FORMAT:
      return apply_format (request, value, error);
    case OPTION_TEMPLATE_DIR:
      request->directory = value;
      return TRUE;
    case OPTION_TEMPLATE_MAX_AGE:
      return vq_units_parse_age (value, &request->limits.max_age, error);
    case OPTION_TEMPLATE_CACHE_SIZE:
      return vq_units_parse_size (value, &request->limits.max_size, error);
    case OPTION_UNUSED:
      request->unused = TRUE;
      return TRUE;
    case OPTION_DEBUG:
      vq_log_show_debug ();
      return TRUE;
    default:
      request->help = TRUE;
      return TRUE;
    }
}

static gboolean
apply_word (gpointer data, const char *value, GError **error)
{
  Request *request = data;

  if (request->command == NULL)
    request->command = value;
  else
    g_ptr_array_add (request->keys, (gpointer)value);
  return TRUE;
}

static VqVerbStatus
fail (const Request *request, const GError *error)
{
  return vq_verb_error_report (error, NAME " --help",
                               get_format (request) == VQ_TEMPLATE_LIST_JSON);
}

/* Opens the cache. Returns NULL without an error if there is none yet. */
static VqPrivateDir *
open_cache (const Request *request, GError **error)
{
  g_autofree char *path = request->directory != NULL ? g_strdup (request->directory)
                                                     : vq_template_store_get_default_directory ();

  if (access (path, F_OK) == 0 || request->directory != NULL)
    return vq_private_dir_open (path, VQ_PRIVATE_DIR_EXISTING, error);
  return NULL;
}

/* Gives the templates in CACHE, which may be NULL. */
static GPtrArray *
scan (VqPrivateDir *cache, GError **error)
{
  return cache != NULL ? vq_template_entry_scan (cache, error) : g_ptr_array_new ();
}

static VqVerbStatus
list (VqPrivateDir *cache, const Request *request)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) entries = scan (cache, &error);

  if (entries == NULL)
    return fail (request, error);
  vq_template_list_print (entries, &request->limits, get_format (request));
  return VQ_VERB_OK;
}

static void
print_swept_json (const VqTemplateSwept *swept)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_object (builder);
  vq_verb_output_add_int (builder, "removed", swept->n_templates);
  vq_verb_output_add_int (builder, "disk_space", swept->bytes);
  json_builder_end_object (builder);
  vq_verb_output_json (builder);
}

static void
print_swept (const VqTemplateSwept *swept, const Request *request)
{
  g_autofree char *size = vq_units_size_to_string (swept->bytes);

  if (get_format (request) == VQ_TEMPLATE_LIST_JSON)
    {
      print_swept_json (swept);
      return;
    }
  vq_verb_output_text ("removed %u template%s, %s\n", swept->n_templates,
                       swept->n_templates == 1 ? "" : "s", size);
}

static VqVerbStatus
clean (VqPrivateDir *cache, const Request *request)
{
  VqTemplateSwept swept = { 0 };

  if (cache != NULL)
    vq_template_sweep (cache, &request->limits, &swept);
  print_swept (&swept, request);
  return VQ_VERB_OK;
}

static VqVerbStatus
remove_unused (VqPrivateDir *cache, const Request *request)
{
  VqTemplateSwept swept = { 0 };
  guint n_kept = 0;

  if (cache != NULL)
    vq_template_sweep_unused (cache, &swept, &n_kept);
  print_swept (&swept, request);
  if (n_kept > 0)
    g_message ("%u kept, because they are in use or could not be removed", n_kept);
  return VQ_VERB_OK;
}

static gboolean
remove_one (VqPrivateDir *cache, GPtrArray *entries, const char *text, GError **error)
{
  const VqTemplateEntry *entry = vq_template_entry_find (entries, text, error);
  gboolean removed;

  if (entry == NULL || !vq_template_entry_remove (cache, entry->name, &removed, error))
    return FALSE;
  if (!removed)
    return vq_error_set (error, VQ_ERROR_BUSY, "the template %s is in use", entry->name);
  return TRUE;
}

/* If several cannot be removed, the status is that of the first. */
static VqVerbStatus
remove_keys (VqPrivateDir *cache, const Request *request)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) entries = scan (cache, &error);
  VqVerbStatus status = VQ_VERB_OK;

  if (entries == NULL)
    return fail (request, error);
  for (guint i = 0; i < request->keys->len; i++)
    {
      g_autoptr (GError) reason = NULL;

      VqVerbStatus one = remove_one (cache, entries, request->keys->pdata[i], &reason)
                             ? VQ_VERB_OK
                             : fail (request, reason);

      status = status != VQ_VERB_OK ? status : one;
    }
  return status;
}

/* Says what is wrong with the command and its keys, or gives NULL. */
static const char *
find_fault (const Request *request)
{
  const char *command = request->command;
  gboolean is_remove = g_strcmp0 (command, "remove") == 0;

  if (command != NULL && !is_remove && strcmp (command, "list") != 0
      && strcmp (command, "clean") != 0)
    return "the command must be list, remove or clean, or build as the first word";
  if (get_format (request) == VQ_TEMPLATE_LIST_NAMES && command != NULL
      && strcmp (command, "list") != 0)
    return "--format=names can only be given to the command list";
  if (request->unused && !is_remove)
    return "--unused can only be given to the command remove";
  if (request->keys->len > 0 && !is_remove)
    return "keys can only be given to the command remove";
  if (is_remove && request->unused == (request->keys->len > 0))
    return "the command remove needs either keys or --unused";
  return NULL;
}

static VqVerbStatus
run (const Request *request)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VqPrivateDir) cache = open_cache (request, &error);

  if (error != NULL)
    return fail (request, error);
  if (g_strcmp0 (request->command, "clean") == 0)
    return clean (cache, request);
  if (request->unused)
    return remove_unused (cache, request);
  if (request->keys->len > 0)
    return remove_keys (cache, request);
  return list (cache, request);
}

static gboolean
read_request (Request *request, const char *const *arguments, VqArguments **parser, GError **error)
{
  static const VqArgumentsTaker taker = { apply_option, apply_word };
  const char *fault;

  *parser = vq_arguments_new (arguments_table, arguments, error);
  if (*parser == NULL || !vq_arguments_take_all (*parser, &taker, request, &request->help, error))
    return FALSE;
  fault = request->help ? NULL : find_fault (request);
  return fault == NULL || vq_error_set (error, VQ_ERROR_USAGE, "%s", fault);
}

/* Its options are those of the server. */
static VqVerbStatus
build (const char *const *arguments)
{
  g_autoptr (GError) error = NULL;

  return vq_template_maker_run (arguments, &error)
             ? VQ_VERB_OK
             : vq_verb_error_report (error, NAME " build --help",
                                     vq_verb_error_wants_json (arguments));
}

VqVerbStatus
vq_verb_template_run (const char *const *arguments)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) keys = g_ptr_array_new ();
  g_autoptr (VqArguments) parser = NULL; /* owns the request's strings */
  Request request = { { VQ_TEMPLATE_MAX_AGE_DEFAULT, VQ_TEMPLATE_MAX_SIZE_DEFAULT }, .keys = keys };

  if (g_strcmp0 (arguments[0], "build") == 0)
    return build (arguments + 1);
  if (!read_request (&request, arguments, &parser, &error))
    return fail (&request, error);
  if (!request.help)
    return run (&request);
  vq_verb_output_text ("%s", help);
  return VQ_VERB_OK;
}
