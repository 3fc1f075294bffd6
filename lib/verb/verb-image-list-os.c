// SPDX-License-Identifier: GPL-2.0-or-later
#include "verb/verb-image-list-os.h"

#include <string.h>

#include "base/arguments.h"
#include "base/error.h"
#include "image/distro.h"
#include "image/image-store.h"
#include "image/os-name.h"
#include "plan/arch.h"
#include "pull/known-image.h"
#include "verb/verb-output.h"

#define NAME "virt-qemu image list-os"

enum
{
  OPTION_FORMAT,
  OPTION_ALL,
  OPTION_HELP,
};

static const VqArgument arguments_table[] = {
  [OPTION_FORMAT] = { "format", 0, TRUE },
  [OPTION_ALL] = { "all", 'a', FALSE },
  [OPTION_HELP] = { "help", 'h', FALSE },
  { NULL },
};

static const char help[]
    = "Usage: " NAME " [OPTION...]\n"
      "\n"
      "Lists the systems that can be used by name, as in debian/13, debian/trixie or\n"
      "debian/stable, and what is known of each. IMAGE says whether the cache has one;\n"
      "if not, it is built when it is needed first. STATE is own for names that only\n"
      "images.conf has, whose images are fetched.\n"
      "\n"
      "      --format=FORMAT  table, json or names (default: table)\n"
      "  -a, --all            list those, too, that nobody supports any more\n"
      "  -h, --help           show this text and exit\n";

/* The state of an image that has a name of its own. */
#define OWN "own"

typedef struct
{
  VqVerbListFormat format;
  gboolean all;
  gboolean help; /* print the help and ignore the rest */
} Request;

static gboolean
apply_option (gpointer data, int index, const char *value, GError **error)
{
  Request *request = data;

  if (index == OPTION_FORMAT)
    return vq_verb_output_read_list_format (value, &request->format, error);
  request->all |= index == OPTION_ALL;
  request->help |= index == OPTION_HELP;
  return TRUE;
}

static gboolean
parse (Request *request, VqArguments *parser, GError **error)
{
  static const VqArgumentsTaker taker = { apply_option, NULL };

  return vq_arguments_take_all (parser, &taker, request, &request->help, error);
}

/* The path of RELEASE's image for this host, if it is in the cache, else NULL. Transfer full. */
static char *
find_image (const VqDistroRelease *release)
{
  const VqOsName os
      = { (char *)release->distro, release->series, (char *)vq_arch_find_host ()->dpkg };

  return vq_image_store_find (&os);
}

static void
print_row (const VqDistroRelease *release)
{
  g_autofree char *name = g_strconcat (release->distro, "/", release->series, NULL);
  g_autofree char *aliases = g_strjoinv (" ", (char **)release->aliases);
  g_autofree char *image = find_image (release);

  vq_verb_output_text ("%-16s  %-7s  %-14s  %-11s  %-10s  %s\n", name,
                       release->number != NULL ? release->number : "-",
                       aliases[0] != '\0' ? aliases : "-", vq_distro_get_state (release),
                       release->end != NULL ? release->end : "-", image != NULL ? "there" : "-");
}

static void
add_aliases (JsonBuilder *builder, const VqDistroRelease *release)
{
  json_builder_set_member_name (builder, "aliases");
  json_builder_begin_array (builder);
  for (const char *const *alias = release->aliases; *alias != NULL; alias++)
    json_builder_add_string_value (builder, *alias);
  json_builder_end_array (builder);
}

static void
add_object (JsonBuilder *builder, const VqDistroRelease *release)
{
  g_autofree char *name = g_strconcat (release->distro, "/", release->series, NULL);
  g_autofree char *image = find_image (release);

  json_builder_begin_object (builder);
  vq_verb_output_add_string (builder, "name", name);
  vq_verb_output_add_string (builder, "distro", release->distro);
  vq_verb_output_add_string (builder, "release", release->series);
  vq_verb_output_add_string (builder, "number", release->number);
  add_aliases (builder, release);
  vq_verb_output_add_string (builder, "state", vq_distro_get_state (release));
  vq_verb_output_add_string (builder, "end", release->end);
  vq_verb_output_add_string (builder, "image", image);
  json_builder_end_object (builder);
}

static void
add_own_object (JsonBuilder *builder, const char *name)
{
  g_auto (GStrv) parts = g_strsplit (name, "/", 2);

  json_builder_begin_object (builder);
  vq_verb_output_add_string (builder, "name", name);
  vq_verb_output_add_string (builder, "distro", parts[0]);
  vq_verb_output_add_string (builder, "release", parts[1]);
  vq_verb_output_add_string (builder, "number", NULL);
  json_builder_set_member_name (builder, "aliases");
  json_builder_begin_array (builder);
  json_builder_end_array (builder);
  vq_verb_output_add_string (builder, "state", OWN);
  vq_verb_output_add_string (builder, "end", NULL);
  vq_verb_output_add_string (builder, "image", NULL);
  json_builder_end_object (builder);
}

/* Those that images.conf has names of their own for. They are fetched when they are needed. */
static void
print_own (const Request *request, JsonBuilder *builder)
{
  g_auto (GStrv) files = vq_known_image_get_files ();
  g_auto (GStrv) names = vq_known_image_list ((const char *const *)files);

  for (char **name = names; *name != NULL; name++)
    if (request->format == VQ_VERB_LIST_TABLE)
      vq_verb_output_text ("%-16s  %-7s  %-14s  %-11s  %-10s  %s\n", *name, "-", "-", OWN, "-",
                           "-");
    else if (request->format == VQ_VERB_LIST_NAMES)
      vq_verb_output_text ("%s\n", *name);
    else
      add_own_object (builder, *name);
}

static void
print (const Request *request, const GPtrArray *releases)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_array (builder);
  if (request->format == VQ_VERB_LIST_TABLE)
    vq_verb_output_text ("%-16s  %-7s  %-14s  %-11s  %-10s  %s\n", "NAME", "NUMBER", "ALIASES",
                         "STATE", "END", "IMAGE");
  for (guint i = 0; i < releases->len; i++)
    {
      const VqDistroRelease *release = releases->pdata[i];

      if (release->state == VQ_DISTRO_ENDED && !request->all)
        continue;
      if (request->format == VQ_VERB_LIST_TABLE)
        print_row (release);
      else if (request->format == VQ_VERB_LIST_NAMES)
        vq_verb_output_text ("%s/%s\n", release->distro, release->series);
      else
        add_object (builder, release);
    }
  print_own (request, builder);
  json_builder_end_array (builder);
  if (request->format == VQ_VERB_LIST_JSON)
    vq_verb_output_json (builder);
}

static gboolean
run (const Request *request, GError **error)
{
  g_autoptr (GPtrArray) releases = NULL;

  if (request->help)
    {
      vq_verb_output_text ("%s", help);
      return TRUE;
    }
  releases = vq_distro_list (NULL, NULL, error);
  if (releases != NULL)
    print (request, releases);
  return releases != NULL;
}

VqVerbStatus
vq_verb_image_list_os_run (const char *const *arguments)
{
  g_autoptr (VqArguments) parser = vq_arguments_new_plain (arguments_table, arguments);
  g_autoptr (GError) error = NULL;
  Request request = { VQ_VERB_LIST_TABLE };

  if (parse (&request, parser, &error) && run (&request, &error))
    return VQ_VERB_OK;
  return vq_verb_error_report (error, NAME " --help", vq_verb_error_wants_json (arguments));
}
