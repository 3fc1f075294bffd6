// SPDX-License-Identifier: GPL-2.0-or-later
#include "verb/verb-check.h"

#include "base/arguments.h"
#include "base/error.h"
#include "verb/check-image.h"
#include "verb/check-kvm.h"
#include "verb/check-qemu.h"
#include "verb/check-room.h"
#include "verb/verb-output.h"

#define NAME "virt-qemu check"

enum
{
  OPTION_FORMAT,
  OPTION_TEMPLATE_DIR,
  OPTION_HELP,
};

static const VqArgument arguments_table[] = {
  [OPTION_FORMAT] = { "format", 0, TRUE },
  [OPTION_TEMPLATE_DIR] = { "template-dir", 0, TRUE },
  [OPTION_HELP] = { "help", 'h', FALSE },
  { NULL },
};

static const char help[]
    = "Usage: " NAME " [OPTION...]\n"
      "       " NAME " IMAGE [MACHINE OPTION...]\n"
      "\n"
      "Says what this host can do: one line for each thing that testbeds need. The exit\n"
      "status is 0 if testbeds can be opened here, even if only slowly, and otherwise 1.\n"
      "\n"
      "With IMAGE, it does with it all that a testbed can do: it opens one, and a second\n"
      "one beside it, runs commands, copies files and a tree, reverts, reboots, closes. A\n"
      "line for each says whether that holds and how long it took. The options are those\n"
      "of autopkgtest-virt-qemu-ng that describe a machine.\n"
      "\n"
      "      --format=FORMAT     text or json (default: text)\n"
      "      --template-dir=DIR  where templates are to be kept (default:\n"
      "                          $XDG_CACHE_HOME/virt-qemu/templates)\n"
      "  -h, --help              show this text and exit\n";

/* The parsed command line. All strings belong to its parser. */
typedef struct
{
  gboolean json;
  const char *template_dir; /* NULL: the default */
  gboolean help;            /* print the help and ignore the rest */
} Request;

static gboolean
apply_option (gpointer data, int index, const char *value, GError **error)
{
  Request *request = data;

  if (index == OPTION_FORMAT)
    return vq_verb_output_read_format (value, "text", &request->json, error);
  if (index == OPTION_TEMPLATE_DIR)
    request->template_dir = value;
  else
    request->help = TRUE;
  return TRUE;
}

static gboolean
parse (Request *request, VqArguments *parser, GError **error)
{
  static const VqArgumentsTaker taker = { apply_option, NULL };

  return vq_arguments_take_all (parser, &taker, request, &request->help, error);
}

/* All lines, about this host. */
static GPtrArray *
look (const Request *request)
{
  const VqArch *arch = vq_arch_find_host ();
  GPtrArray *lines = vq_check_line_new_array ();
  g_autofree char *qemu = vq_check_qemu (lines, arch, "");

  vq_check_kvm (lines, arch, qemu, "");
  vq_check_room (lines, request->template_dir, "/proc/meminfo");
  return lines;
}

static gboolean
can_open (GPtrArray *lines)
{
  for (guint i = 0; i < lines->len; i++)
    if (((const VqCheckLine *)lines->pdata[i])->state == VQ_CHECK_ERROR)
      return FALSE;
  return TRUE;
}

static void
print_text (GPtrArray *lines)
{
  for (guint i = 0; i < lines->len; i++)
    {
      const VqCheckLine *line = lines->pdata[i];

      vq_verb_output_text ("%-7s  %-9s  %s%s%s\n", vq_check_line_get_state (line), line->name,
                           line->found, line->advice != NULL ? "; " : "",
                           line->advice != NULL ? line->advice : "");
    }
}

static void
print_json (GPtrArray *lines)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_array (builder);
  for (guint i = 0; i < lines->len; i++)
    {
      const VqCheckLine *line = lines->pdata[i];

      json_builder_begin_object (builder);
      vq_verb_output_add_string (builder, "name", line->name);
      vq_verb_output_add_string (builder, "state", vq_check_line_get_state (line));
      vq_verb_output_add_string (builder, "found", line->found);
      vq_verb_output_add_string (builder, "advice", line->advice);
      vq_verb_output_add_size (builder, "bytes", line->bytes > 0 ? (gint64)line->bytes : -1);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
  vq_verb_output_json (builder);
}

static VqVerbStatus
run (const Request *request)
{
  g_autoptr (GPtrArray) lines = look (request);

  if (request->json)
    print_json (lines);
  else
    print_text (lines);
  return can_open (lines) ? VQ_VERB_OK : VQ_VERB_FAILED;
}

VqVerbStatus
vq_verb_check_run (const char *const *arguments)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VqArguments) parser = NULL;
  Request request = { FALSE };

  if (arguments[0] != NULL && arguments[0][0] != '-')
    return vq_check_image_run (arguments);
  parser = vq_arguments_new (arguments_table, arguments, &error);
  if (parser == NULL || !parse (&request, parser, &error))
    return vq_verb_error_report (error, NAME " --help", vq_verb_error_wants_json (arguments));
  if (!request.help)
    return run (&request);
  vq_verb_output_text ("%s", help);
  return VQ_VERB_OK;
}
