// SPDX-License-Identifier: GPL-2.0-or-later
#include "verb/template-maker.h"

#include "base/arguments.h"
#include "base/error.h"
#include "base/signals.h"
#include "io/workdir.h"
#include "plan/plan.h"
#include "testbed/guest-source.h"
#include "testbed/machine-slot.h"
#include "verb/verb-output.h"

static const char help[]
    = "Usage: virt-qemu template build [MACHINE OPTION...] IMAGE...\n"
      "\n"
      "Makes the template that testbeds and instances with the same options and images\n"
      "are forked from, unless it is there, and prints its name. So the first of them\n"
      "need not wait for it, for example on a host on which an image has just arrived.\n"
      "\n"
      "      --format=FORMAT    names or json: {\"name\": NAME} (default: names)\n"
      "  -h, --help             show this text and exit\n"
      "\n"
      "All options of autopkgtest-virt-qemu-ng that describe a machine can be given,\n"
      "for example --ram-size=4096 --cpus=2; see autopkgtest-virt-qemu-ng --help.\n"
      "--template=refresh makes a new template even if there is one.\n";

/* The command line as the server would have it, with NULL at the end. */
static gboolean
take_own (const char *const *arguments, GPtrArray *argv, gboolean *json, GError **error)
{
  VQ_ERROR_PREFIX (error, "option --format");
  const char *value;

  g_ptr_array_add (argv, (gpointer) "virt-qemu");
  for (; *arguments != NULL; arguments++)
    if (!vq_arguments_take_value ("format", &arguments, &value, error)
        || (value != NULL && !vq_verb_output_read_format (value, "names", json, error)))
      return FALSE;
    else if (value == NULL)
      g_ptr_array_add (argv, (gpointer)*arguments);
  g_ptr_array_add (argv, NULL);
  return TRUE;
}

static VqOptionsResult
parse (const char *const *arguments, VqOptions **options, gboolean *json, GError **error)
{
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  VqOptionsResult result;

  if (!take_own (arguments, argv, json, error))
    return VQ_OPTIONS_ERROR;
  result = vq_options_parse (argv->len - 1, (const char *const *)argv->pdata, options, error);
  if (result == VQ_OPTIONS_VERSION)
    vq_error_set (error, VQ_ERROR_USAGE, "--version is not for this verb");
  else if (result == VQ_OPTIONS_RUN && (*options)->template == VQ_TEMPLATE_OFF)
    vq_error_set (error, VQ_ERROR_USAGE, "with --template=off there is no template");
  else
    return result;
  return VQ_OPTIONS_ERROR;
}

static void
print (const char *name, gboolean json)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  if (!json)
    {
      vq_verb_output_text ("%s\n", name);
      return;
    }
  json_builder_begin_object (builder);
  vq_verb_output_add_string (builder, "name", name);
  json_builder_end_object (builder);
  vq_verb_output_json (builder);
}

static gboolean
make (const VqOptions *options, gboolean json, GError **error)
{
  g_autoptr (VqCancel) cancel = vq_cancel_new (NULL);
  g_autoptr (VqSignals) signals = vq_signals_new (cancel, error);
  g_autoptr (VqPlan) plan = NULL;
  g_autoptr (VqSlot) slot = NULL;
  g_autoptr (VqGuestSource) source = NULL;
  g_autofree char *name = NULL;

  if (signals == NULL)
    return FALSE;
  vq_workdir_sweep (NULL);
  plan = vq_plan_new (options, cancel, error);
  if (plan == NULL
      || !vq_machine_slot_take (plan, &(VqSlotUse){ .description = options->images[0] }, cancel,
                                &slot, error))
    return FALSE;
  source = vq_guest_source_new (plan, cancel);
  name = vq_guest_source_make_template (source, error);
  if (name == NULL)
    return FALSE;
  print (name, json);
  return TRUE;
}

gboolean
vq_template_maker_run (const char *const *arguments, GError **error)
{
  VQ_ERROR_PREFIX (error, "cannot make a template");
  g_autoptr (VqOptions) options = NULL;
  gboolean json = FALSE;

  switch (parse (arguments, &options, &json, error))
    {
    case VQ_OPTIONS_HELP:
      vq_verb_output_text ("%s", help);
      return TRUE;
    case VQ_OPTIONS_RUN:
      return make (options, json, error);
    default:
      return FALSE;
    }
}
