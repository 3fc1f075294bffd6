// SPDX-License-Identifier: GPL-2.0-or-later
#include "verb/verb-image-cache.h"

#include <string.h>
#include <unistd.h>

#include "base/arguments.h"
#include "base/error.h"
#include "base/text.h"
#include "base/units.h"
#include "image/distro.h"
#include "image/image-cache.h"
#include "image/os-name.h"
#include "plan/arch.h"
#include "pull/pull-cache.h"
#include "pull/pull-entry.h"
#include "pull/pull-url.h"
#include "template/template-key.h"
#include "template/template-store.h"
#include "verb/verb-output.h"

#define MAX_SIZE (50 * G_GUINT64_CONSTANT (1073741824))
#define SHOWN_DIGITS 12 /* of a digest */

/* Option N is the flag 1 << N. */
enum
{
  OPTION_FORMAT,
  OPTION_MAX_SIZE,
  OPTION_OLDER,
  OPTION_CACHE_DIR,
  OPTION_HELP,
};

static const VqArgument arguments_table[] = {
  [OPTION_FORMAT] = { "format", 0, TRUE }, [OPTION_MAX_SIZE] = { "max-size", 0, TRUE },
  [OPTION_OLDER] = { "older", 0, TRUE },   [OPTION_CACHE_DIR] = { "cache-dir", 0, TRUE },
  [OPTION_HELP] = { "help", 'h', FALSE },  { NULL },
};

#define HELP_END                                                                                   \
  "      --cache-dir=DIR  where images are kept (default:\n"                                       \
  "                       $XDG_CACHE_HOME/virt-qemu/images)\n"                                     \
  "  -h, --help           show this text and exit\n"

static const char help_list[]
    = "Usage: virt-qemu image list [OPTION...]\n"
      "\n"
      "Shows the images that were fetched, or built by the name of a system, the one that\n"
      "was used last first: the first digits of its digest, when that was, what it takes\n"
      "on the disk, whether somebody uses it, and its address or system.\n"
      "\n"
      "      --format=FORMAT  table, json or names (default: table)\n" HELP_END;

static const char help_remove[]
    = "Usage: virt-qemu image remove [OPTION...] NAME...\n"
      "\n"
      "Removes images that were fetched, or built by the name of a system. NAME is an\n"
      "address, a system (debian/13), a path, or the first digits of a digest.\n"
      "An image that a machine, an instance or a template uses stays.\n"
      "\n" HELP_END;

static const char help_prune[]
    = "Usage: virt-qemu image prune [OPTION...]\n"
      "\n"
      "Removes images that were fetched or built and that nobody uses, the one that was\n"
      "unused for the longest time first, until all together take no more than a limit.\n"
      "\n"
      "      --max-size=SIZE  the limit: a number with M, G or T, or 0 for none (default:\n"
      "                       50G)\n"
      "      --older=AGE      remove all that were unused for longer: a number with s, m,\n"
      "                       h or d\n" HELP_END;

struct _Request;

/* One of the verbs. DIR is NULL if there is no cache yet. */
typedef struct
{
  const char *name;
  guint options; /* flags of those that not all have */
  gboolean takes_names;
  const char *help;
  gboolean (*act) (const struct _Request *request, VqPrivateDir *dir, GError **error);
} Verb;

/* The parsed command line. Strings that are not owned belong to its parser. */
typedef struct _Request
{
  const Verb *verb;
  const char *directory; /* NULL: the default */
  VqVerbListFormat format;
  VqPullLimits limits;
  GPtrArray *names; /* of const char * */
  gboolean help;    /* print the help and ignore the rest */
} Request;

static void
request_clear (Request *request)
{
  g_clear_pointer (&request->names, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Request, request_clear)

static gboolean
apply_option (Request *request, int index, const char *value, GError **error)
{
  switch (index)
    {
    case OPTION_FORMAT:
      return vq_verb_output_read_list_format (value, &request->format, error);
    case OPTION_MAX_SIZE:
      return vq_units_parse_size (value, &request->limits.max_size, error);
    case OPTION_OLDER:
      return vq_units_parse_age (value, &request->limits.max_age, error);
    case OPTION_CACHE_DIR:
      request->directory = value;
      return TRUE;
    default:
      request->help = TRUE;
      return TRUE;
    }
}

static gboolean
take_option (gpointer data, int index, const char *value, GError **error)
{
  Request *request = data;

  if (index < OPTION_CACHE_DIR && (request->verb->options & (1u << index)) == 0)
    return vq_error_set (error, VQ_ERROR_USAGE, "this verb does not have it");
  return apply_option (request, index, value, error);
}

static gboolean
take_name (gpointer data, const char *value, GError **error)
{
  g_ptr_array_add (((Request *)data)->names, (gpointer)value);
  return TRUE;
}

static gboolean
take_words (Request *request, VqArguments *parser, GError **error)
{
  static const VqArgumentsTaker taker = { take_option, take_name };
  const Verb *verb = request->verb;

  if (!vq_arguments_take_all (parser, &taker, request, &request->help, error))
    return FALSE;
  if (request->help || verb->takes_names == (request->names->len > 0))
    return TRUE;
  return verb->takes_names ? vq_error_set (error, VQ_ERROR_USAGE, "which image?")
                           : vq_arguments_refuse (request->names->pdata[0], error);
}

/* Opens the cache. Returns NULL without an error if there is none yet. */
static VqPrivateDir *
open_cache (const Request *request, GError **error)
{
  g_autofree char *path = request->directory != NULL ? g_strdup (request->directory)
                                                     : vq_image_cache_get_directory ();

  if (request->directory == NULL && access (path, F_OK) != 0)
    return NULL;
  return vq_private_dir_open (path, VQ_PRIVATE_DIR_EXISTING, error);
}

static VqVerbStatus
run (const Verb *verb, const char *const *arguments)
{
  g_auto (Request) request
      = { .verb = verb, .limits = { .max_size = MAX_SIZE }, .names = g_ptr_array_new () };
  g_autoptr (VqArguments) parser = vq_arguments_new_plain (arguments_table, arguments);
  g_autofree char *how = g_strdup_printf ("virt-qemu image %s --help", verb->name);
  g_autoptr (GError) error = NULL;
  g_autoptr (VqPrivateDir) dir = NULL;

  if (take_words (&request, parser, &error) && !request.help)
    dir = open_cache (&request, &error);
  if (request.help)
    vq_verb_output_text ("%s", verb->help);
  else if (error != NULL || !verb->act (&request, dir, &error))
    return vq_verb_error_report (error, how, vq_verb_error_wants_json (arguments));
  return VQ_VERB_OK;
}

static GPtrArray *
scan (VqPrivateDir *dir, GError **error)
{
  return dir != NULL ? vq_pull_entry_scan (dir, error) : g_ptr_array_new ();
}

/* As people may see them: without passwords. Transfer full. */
static char **
show_urls (const VqPullEntry *entry)
{
  char **shown = g_strdupv (entry->urls);

  for (gsize i = 0; shown[i] != NULL; i++)
    {
      g_free (shown[i]);
      shown[i] = vq_pull_url_show (entry->urls[i]);
    }
  return shown;
}

static void
print_row (const VqPullEntry *entry)
{
  g_autofree char *age
      = vq_units_age_to_string (MAX (g_get_real_time () - entry->last_used, 0) / G_USEC_PER_SEC);
  g_autofree char *size = vq_units_size_to_string (entry->allocated);
  g_auto (GStrv) urls = show_urls (entry);
  g_autofree char *shown = g_strjoinv (" ", urls);

  vq_verb_output_text ("%.*s  %-7s  %-9s  %-7s  %s\n", SHOWN_DIGITS,
                       entry->file + strlen ("sha256-"), age, size,
                       entry->is_used ? "in use" : "unused", shown);
}

static void
print_table (GPtrArray *entries)
{
  if (entries->len == 0)
    g_message ("the cache has no images");
  else
    vq_verb_output_text ("%-12s  %-7s  %-9s  %-7s  %s\n", "DIGEST", "USED", "SIZE", "STATE", "URL");
  for (guint i = entries->len; i > 0; i--)
    print_row (entries->pdata[i - 1]);
}

/* What is no image yet is in no list, but takes room all the same. */
static void
tell_left (VqPrivateDir *dir)
{
  guint64 left = dir != NULL ? vq_pull_entry_count_left (dir) : 0;
  g_autofree char *size = vq_units_size_to_string (left);

  if (left > 0)
    g_message ("%s more are of images that were not completed: the next pull goes on with them, "
               "and \"virt-qemu image prune --older=1s\" removes them",
               size);
}

static void
add_object (JsonBuilder *builder, const VqPullEntry *entry)
{
  g_auto (GStrv) urls = show_urls (entry);

  json_builder_begin_object (builder);
  vq_verb_output_add_string (builder, "name", entry->file);
  vq_verb_output_add_string (builder, "path", entry->path);
  json_builder_set_member_name (builder, "urls");
  json_builder_begin_array (builder);
  for (char **url = urls; *url != NULL; url++)
    json_builder_add_string_value (builder, *url);
  json_builder_end_array (builder);
  vq_verb_output_add_int (builder, "disk_space", entry->allocated);
  vq_verb_output_add_time (builder, "last_used", entry->last_used);
  json_builder_set_member_name (builder, "in_use");
  json_builder_add_boolean_value (builder, entry->is_used);
  vq_verb_output_add_string (builder, "user", entry->user);
  json_builder_end_object (builder);
}

static void
print_json (GPtrArray *entries)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_array (builder);
  for (guint i = entries->len; i > 0; i--)
    add_object (builder, entries->pdata[i - 1]);
  json_builder_end_array (builder);
  vq_verb_output_json (builder);
}

static gboolean
list (const Request *request, VqPrivateDir *dir, GError **error)
{
  g_autoptr (GPtrArray) entries = scan (dir, error);

  if (entries == NULL)
    return FALSE;
  if (request->format == VQ_VERB_LIST_JSON)
    print_json (entries);
  else if (request->format == VQ_VERB_LIST_TABLE)
    {
      print_table (entries);
      tell_left (dir);
    }
  else
    for (guint i = entries->len; i > 0; i--)
      vq_verb_output_text ("%s\n", ((const VqPullEntry *)entries->pdata[i - 1])->file);
  return TRUE;
}

/* A system in the words of the list, whatever the user calls it ("debian/13"); anything else is
 * TEXT. Transfer full. */
static char *
resolve (const char *text, GError **error)
{
  g_autoptr (GPtrArray) releases = NULL;
  g_autoptr (VqOsName) os = NULL;

  if (!vq_os_name_matches (text))
    return g_strdup (text);
  releases = vq_distro_list (NULL, NULL, error);
  if (releases != NULL)
    os = vq_os_name_parse (text, releases, vq_arch_find_host ()->dpkg, error);
  return os != NULL ? vq_os_name_describe (os) : NULL;
}

/* What frees an image that USER, a path, needs: "DIR/KEY/disk" is a template's. NULL if it is
 * anything else. Transfer full. */
static char *
advise (const char *user)
{
  g_autofree char *directory = g_path_get_dirname (user);
  g_autofree char *key = g_path_get_basename (directory);
  g_autofree char *templates = g_path_get_dirname (directory);
  g_autofree char *usual = vq_template_store_get_default_directory ();
  g_autofree char *quoted = g_shell_quote (templates);
  gboolean is_usual = strcmp (templates, usual) == 0;

  return vq_template_key_is_digest (key)
             ? g_strdup_printf ("\"virt-qemu template remove %s%s%s%s\" removes that template",
                                is_usual ? "" : "--template-dir=", is_usual ? "" : quoted,
                                is_usual ? "" : " ", key)
             : NULL;
}

static gboolean
remove_image (VqPrivateDir *dir, const VqPullEntry *entry, GError **error)
{
  g_autoptr (GError) why = NULL;
  g_autofree char *advice = entry->user != NULL ? advise (entry->user) : NULL;

  if (vq_pull_entry_remove (dir, entry, &why))
    return TRUE;
  if (advice != NULL && why->code == VQ_ERROR_BUSY)
    return vq_error_set (error, VQ_ERROR_BUSY, "%s: %s", why->message, advice);
  g_propagate_error (error, g_steal_pointer (&why));
  return FALSE;
}

/* All names must be right before one is removed. */
static gboolean
remove_images (const Request *request, VqPrivateDir *dir, GError **error)
{
  g_autoptr (GPtrArray) entries = scan (dir, error);
  g_autoptr (GPtrArray) chosen = g_ptr_array_new ();

  if (entries == NULL)
    return FALSE;
  for (guint i = 0; i < request->names->len; i++)
    {
      g_autofree char *name = resolve (request->names->pdata[i], error);
      const VqPullEntry *entry = name != NULL ? vq_pull_entry_find (entries, name, error) : NULL;

      if (entry == NULL)
        return FALSE;
      if (!g_ptr_array_find (chosen, entry, NULL))
        g_ptr_array_add (chosen, (gpointer)entry);
    }
  for (guint i = 0; i < chosen->len; i++)
    if (!remove_image (dir, chosen->pdata[i], error))
      return FALSE;
  return TRUE;
}

static gboolean
prune (const Request *request, VqPrivateDir *dir, GError **error)
{
  VqPullPruned pruned = { 0 };
  g_autofree char *size = NULL;

  if (dir != NULL && !vq_pull_entry_prune (dir, &request->limits, &pruned, error))
    return FALSE;
  size = vq_units_size_to_string (pruned.bytes);
  vq_verb_output_text ("removed %u image%s, %s\n", pruned.n_images, pruned.n_images == 1 ? "" : "s",
                       size);
  return TRUE;
}

VqVerbStatus
vq_verb_image_cache_list (const char *const *arguments)
{
  static const Verb verb
      = { .name = "list", .options = 1 << OPTION_FORMAT, .help = help_list, .act = list };

  return run (&verb, arguments);
}

VqVerbStatus
vq_verb_image_cache_remove (const char *const *arguments)
{
  static const Verb verb
      = { .name = "remove", .takes_names = TRUE, .help = help_remove, .act = remove_images };

  return run (&verb, arguments);
}

VqVerbStatus
vq_verb_image_cache_prune (const char *const *arguments)
{
  static const Verb verb = { .name = "prune",
                             .options = 1 << OPTION_MAX_SIZE | 1 << OPTION_OLDER,
                             .help = help_prune,
                             .act = prune };

  return run (&verb, arguments);
}
