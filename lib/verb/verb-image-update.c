// SPDX-License-Identifier: GPL-2.0-or-later
#include "verb/verb-image-update.h"

#include <string.h>

#include "base/arguments.h"
#include "base/error.h"
#include "base/signals.h"
#include "image/distro.h"
#include "image/image-cache.h"
#include "io/workdir.h"
#include "plan/arch.h"
#include "plan/plan.h"
#include "pull/pull-entry.h"
#include "testbed/guest-source.h"
#include "testbed/machine-slot.h"
#include "verb/image-updater.h"
#include "verb/verb-output.h"

#define NAME "virt-qemu image update"

static const char help[]
    = "Usage: " NAME " [OPTION...] [MACHINE OPTION...] NAME\n"
      "\n"
      "Upgrades the packages in an image of the cache that was built by the name of a\n"
      "system: boots a copy of it, runs apt-get full-upgrade there, and puts the copy in\n"
      "its place. Then makes the next template. Prints the path of the image. The old one\n"
      "stays as long as a machine, an instance or a template uses it. NAME is a system\n"
      "(debian/13), the image's path, or the first digits of its digest.\n"
      "\n"
      "      --autoremove     also remove packages that nobody needs any more\n"
      "      --no-template    make no template\n"
      "      --format=FORMAT  text or json: {\"image\": PATH, \"template\": NAME} (default:\n"
      "                       text)\n"
      "  -h, --help           show this text and exit\n"
      "\n"
      "All options of autopkgtest-virt-qemu-ng that describe a machine can be given,\n"
      "for example --ram-size=4096 --cpus=2: for the guest in which that is done, and for\n"
      "the template. See autopkgtest-virt-qemu-ng --help.\n";

enum
{
  OPTION_AUTOREMOVE,
  OPTION_NO_TEMPLATE,
  OPTION_FORMAT,
};

/* Our own options; the others are the server's. */
static const VqArgument own[] = {
  [OPTION_AUTOREMOVE] = { "autoremove", 0, FALSE },
  [OPTION_NO_TEMPLATE] = { "no-template", 0, FALSE },
  [OPTION_FORMAT] = { "format", 0, TRUE },
  { NULL },
};

/* The parsed command line. */
typedef struct
{
  gboolean autoremove;
  gboolean no_template;
  gboolean json;
  VqOptions *options;
} Request;

static void
request_clear (Request *request)
{
  g_clear_pointer (&request->options, vq_options_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Request, request_clear)

static gboolean
is_flag (const char *word, const VqArgument *argument)
{
  return g_str_has_prefix (word, "--") && strcmp (word + 2, argument->name) == 0;
}

/* Takes our own options, and adds all other words to ARGV. */
static gboolean
take_own (Request *request, const char *const *arguments, GPtrArray *argv, GError **error)
{
  VQ_ERROR_PREFIX (error, "option --format");
  const char *value;

  g_ptr_array_add (argv, (gpointer) "virt-qemu");
  for (; *arguments != NULL; arguments++)
    if (is_flag (*arguments, &own[OPTION_AUTOREMOVE]))
      request->autoremove = TRUE;
    else if (is_flag (*arguments, &own[OPTION_NO_TEMPLATE]))
      request->no_template = TRUE;
    else if (!vq_arguments_take_value (own[OPTION_FORMAT].name, &arguments, &value, error)
             || (value != NULL
                 && !vq_verb_output_read_format (value, "text", &request->json, error)))
      return FALSE;
    else if (value == NULL)
      g_ptr_array_add (argv, (gpointer)*arguments);
  g_ptr_array_add (argv, NULL);
  return TRUE;
}

static VqOptionsResult
parse (Request *request, const char *const *arguments, GError **error)
{
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  VqOptionsResult result;

  if (!take_own (request, arguments, argv, error))
    return VQ_OPTIONS_ERROR;
  result = vq_options_parse (argv->len - 1, (const char *const *)argv->pdata, &request->options,
                             error);
  if (result == VQ_OPTIONS_VERSION)
    vq_error_set (error, VQ_ERROR_USAGE, "--version is not for this verb");
  else if (result == VQ_OPTIONS_RUN && g_strv_length (request->options->images) != 1)
    vq_error_set (error, VQ_ERROR_USAGE, "which image? It must be one");
  else
    return result;
  return VQ_OPTIONS_ERROR;
}

/* The system whose image ENTRY is. */
static VqOsName *
get_system (const VqPullEntry *entry, const GPtrArray *releases, GError **error)
{
  for (char **url = entry->urls; *url != NULL; url++)
    if (vq_os_name_matches (*url))
      return vq_os_name_parse (*url, releases, NULL, error);
  vq_error_set (error, VQ_ERROR_USAGE,
                "%s was not built by the name of a system: \"virt-qemu image pull\" fetches what "
                "is new",
                entry->path);
  return NULL;
}

/* The system whose image NAME, a path or a digest, is. */
static VqOsName *
find_in_cache (const char *name, const GPtrArray *releases, GError **error)
{
  g_autoptr (VqPrivateDir) dir = vq_image_cache_open (error);
  g_autoptr (GPtrArray) entries = dir != NULL ? vq_pull_entry_scan (dir, error) : NULL;
  const VqPullEntry *entry = entries != NULL ? vq_pull_entry_find (entries, name, error) : NULL;

  return entry != NULL ? get_system (entry, releases, error) : NULL;
}

static VqOsName *
find_system (const char *name, GError **error)
{
  g_autoptr (GPtrArray) releases = vq_distro_list (NULL, NULL, error);

  if (releases == NULL)
    return NULL;
  return vq_os_name_matches (name)
             ? vq_os_name_parse (name, releases, vq_arch_find_host ()->dpkg, error)
             : find_in_cache (name, releases, error);
}

/* The server's options name the image by its system from now on. */
static void
set_image (VqOptions *options, const VqOsName *os)
{
  g_free (options->images[0]);
  options->images[0] = vq_os_name_describe (os);
}

/* Gives its name. */
static char *
make_template (const VqOptions *options, VqCancel *cancel, GError **error)
{
  VQ_ERROR_PREFIX (error, "the image is up to date, but there is no template");
  g_autoptr (VqPlan) plan = vq_plan_new (options, cancel, error);
  g_autoptr (VqSlot) slot = NULL;
  g_autoptr (VqGuestSource) source = plan != NULL ? vq_guest_source_new (plan, cancel) : NULL;

  if (source == NULL
      || !vq_machine_slot_take (plan, &(VqSlotUse){ .description = options->images[0] }, cancel,
                                &slot, error))
    return NULL;
  g_message ("making the template");
  return vq_guest_source_make_template (source, error);
}

static void
print (const Request *request, const char *path, const char *template)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  if (!request->json)
    {
      vq_verb_output_text ("%s\n", path);
      return;
    }
  json_builder_begin_object (builder);
  vq_verb_output_add_string (builder, "image", path);
  vq_verb_output_add_string (builder, "template", template);
  json_builder_end_object (builder);
  vq_verb_output_json (builder);
}

/* The disk of the new image is as large as the old one's; it is the template's that may grow. */
static char *
update_image (const Request *request, const VqOsName *os, VqCancel *cancel, GError **error)
{
  VqOptions options = *request->options;
  const VqImageUpdate update = { .machine = &options, .autoremove = request->autoremove };

  options.disk_size = 0;
  return vq_image_updater_run (os, &update, cancel, error);
}

static gboolean
run (const Request *request, GError **error)
{
  g_autoptr (VqCancel) cancel = vq_cancel_new (NULL);
  g_autoptr (VqSignals) signals = vq_signals_new (cancel, error);
  g_autoptr (VqOsName) os
      = signals != NULL ? find_system (request->options->images[0], error) : NULL;
  gboolean wants_template = !request->no_template && request->options->template != VQ_TEMPLATE_OFF;
  g_autofree char *path = NULL;
  g_autofree char *template = NULL;

  if (os == NULL)
    return FALSE;
  set_image (request->options, os);
  vq_workdir_sweep (NULL);
  path = update_image (request, os, cancel, error);
  if (path == NULL)
    return FALSE;
  if (wants_template)
    template = make_template (request->options, cancel, error);
  if (wants_template && template == NULL)
    return FALSE;
  print (request, path, template);
  return TRUE;
}

VqVerbStatus
vq_verb_image_update_run (const char *const *arguments)
{
  g_auto (Request) request = { 0 };
  g_autoptr (GError) error = NULL;

  switch (parse (&request, arguments, &error))
    {
    case VQ_OPTIONS_HELP:
      vq_verb_output_text ("%s", help);
      return VQ_VERB_OK;
    case VQ_OPTIONS_RUN:
      if (run (&request, &error))
        return VQ_VERB_OK;
      break;
    default:
      break;
    }
  return vq_verb_error_report (error, NAME " --help", vq_verb_error_wants_json (arguments));
}
