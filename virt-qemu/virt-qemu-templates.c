// SPDX-License-Identifier: GPL-2.0-or-later
/* A tool for people: lists the templates in the cache, and removes them. */
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/arguments.h"
#include "base/error.h"
#include "base/inherited.h"
#include "io/log.h"
#include "template/template-entry.h"
#include "template/template-store.h"
#include "template/template-sweep.h"
#include "base/text.h"
#include "base/units.h"

#define NAME "virt-qemu-templates"
#define SHOWN_DIGITS 12 /* of a key */

enum
{
  EXIT_OK,
  EXIT_FAILED,
  EXIT_USAGE,
};

enum
{
  OPTION_TEMPLATE_DIR,
  OPTION_TEMPLATE_MAX_AGE,
  OPTION_TEMPLATE_CACHE_SIZE,
  OPTION_UNUSED,
  OPTION_DEBUG,
  OPTION_HELP,
  OPTION_VERSION,
};

static const VqArgument arguments_table[] = {
  [OPTION_TEMPLATE_DIR] = { "template-dir", 0, TRUE },
  [OPTION_TEMPLATE_MAX_AGE] = { "template-max-age", 0, TRUE },
  [OPTION_TEMPLATE_CACHE_SIZE] = { "template-cache-size", 0, TRUE },
  [OPTION_UNUSED] = { "unused", 0, FALSE },
  [OPTION_DEBUG] = { "debug", 'd', FALSE },
  [OPTION_HELP] = { "help", 'h', FALSE },
  [OPTION_VERSION] = { "version", 0, FALSE },
  { NULL },
};

static const char help[]
    = "Usage: " NAME " [OPTION...] [list]\n"
      "       " NAME " [OPTION...] remove KEY...\n"
      "       " NAME " [OPTION...] remove --unused\n"
      "       " NAME " [OPTION...] clean\n"
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
      "\n"
      "      --template-dir=DIR         where templates are kept (default:\n"
      "                                 $XDG_CACHE_HOME/virt-qemu/templates)\n"
      "      --template-max-age=AGE     for clean and list, when a template is too old:\n"
      "                                 a number with s, m, h or d, or 0 for never\n"
      "                                 (default: 1d)\n"
      "      --template-cache-size=SIZE for clean, how much all of them may take: a\n"
      "                                 number with M, G or T, or 0 for no limit\n"
      "                                 (default: 20G)\n"
      "  -d, --debug                    show what is removed and why\n"
      "  -h, --help                     show this text and exit\n"
      "      --version                  show the version and exit\n";

/* The parsed command line. All strings belong to argv. */
typedef struct
{
  VqTemplateLimits limits;
  const char *directory; /* NULL: the default */
  gboolean unused;
  const char *command; /* NULL: none given */
  GPtrArray *keys;     /* of const char * */
  const char *text;    /* not NULL: print this (--help, --version) and ignore the rest */
} Request;

static gboolean
apply_option (Request *request, int index, const char *value, GError **error)
{
  switch (index)
    {
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
    case OPTION_HELP:
      request->text = help;
      return TRUE;
    default:
      request->text = NAME " " VQ_VERSION "\n";
      return TRUE;
    }
}

static void
apply_word (Request *request, const char *value)
{
  if (request->command == NULL)
    request->command = value;
  else
    g_ptr_array_add (request->keys, (gpointer)value);
}

static gboolean
parse (Request *request, VqArguments *arguments, GError **error)
{
  VqArgumentKind kind;
  const char *value;
  int index;

  while (request->text == NULL
         && (kind = vq_arguments_next (arguments, &index, &value, error)) != VQ_ARGUMENT_END)
    {
      if (kind == VQ_ARGUMENT_ERROR)
        return FALSE;
      if (kind == VQ_ARGUMENT_POSITIONAL)
        apply_word (request, value);
      else if (!apply_option (request, index, value, error))
        {
          g_autofree char *name = vq_arguments_describe (&arguments_table[index]);

          g_prefix_error (error, "option %s: ", name);
          return FALSE;
        }
    }
  return TRUE;
}

static int
fail (const GError *error)
{
  g_critical ("%s", error->message);
  return EXIT_FAILED;
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

static const char *
get_state (const VqTemplateEntry *entry, const VqTemplateLimits *limits)
{
  if (entry->is_in_use)
    return "in use";
  if (entry->problem != NULL)
    return "damaged";
  if (entry->is_superseded || vq_template_sweep_expired (entry->info, limits) != NULL)
    return "expired";
  return "unused";
}

static void
print_entry (const VqTemplateEntry *entry, const VqTemplateLimits *limits)
{
  const char *image = entry->info != NULL ? vq_template_info_get_image (entry->info) : "?";
  g_autofree char *shown = vq_text_printable (image, strlen (image), G_MAXSIZE);
  g_autofree char *key
      = g_strdup_printf ("%.*s%s", SHOWN_DIGITS, entry->key, entry->name + strlen (entry->key));
  g_autofree char *age = entry->info != NULL
                             ? vq_units_age_to_string (vq_template_info_get_age (entry->info))
                             : g_strdup ("?");
  g_autofree char *size = vq_units_size_to_string (entry->allocated);

  printf ("%-14s  %-7s  %-9s  %-7s  %s\n", key, age, size, get_state (entry, limits), shown);
  if (entry->problem != NULL)
    g_warning ("%s", entry->problem);
}

/* Prints all templates, beginning with the one that was used last. */
static int
list (VqPrivateDir *cache, const Request *request)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) entries = scan (cache, &error);

  if (entries == NULL)
    return fail (error);
  if (entries->len == 0)
    {
      g_message ("there are no templates");
      return EXIT_OK;
    }
  printf ("%-14s  %-7s  %-9s  %-7s  %s\n", "KEY", "AGE", "SIZE", "STATE", "IMAGE");
  for (guint i = entries->len; i > 0; i--)
    print_entry (entries->pdata[i - 1], &request->limits);
  return EXIT_OK;
}

static void
print_swept (const VqTemplateSwept *swept)
{
  g_autofree char *size = vq_units_size_to_string (swept->bytes);

  printf ("removed %u template%s, %s\n", swept->n_templates, swept->n_templates == 1 ? "" : "s",
          size);
}

static int
clean (VqPrivateDir *cache, const Request *request)
{
  VqTemplateSwept swept = { 0 };

  if (cache != NULL)
    vq_template_sweep (cache, &request->limits, &swept);
  print_swept (&swept);
  return EXIT_OK;
}

static int
remove_unused (VqPrivateDir *cache)
{
  VqTemplateSwept swept = { 0 };
  guint n_kept = 0;

  if (cache != NULL)
    vq_template_sweep_unused (cache, &swept, &n_kept);
  print_swept (&swept);
  if (n_kept > 0)
    g_message ("%u kept, because they are in use or could not be removed", n_kept);
  return EXIT_OK;
}

static gboolean
remove_one (VqPrivateDir *cache, GPtrArray *entries, const char *text, GError **error)
{
  const VqTemplateEntry *entry = vq_template_entry_find (entries, text, error);
  gboolean removed;

  if (entry == NULL || !vq_template_entry_remove (cache, entry->name, &removed, error))
    return FALSE;
  if (!removed)
    return vq_error_set (error, VQ_ERROR_FAILED, "the template %s is in use", entry->name);
  return TRUE;
}

static int
remove_keys (VqPrivateDir *cache, const Request *request)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) entries = scan (cache, &error);
  int status = EXIT_OK;

  if (entries == NULL)
    return fail (error);
  for (guint i = 0; i < request->keys->len; i++)
    {
      g_autoptr (GError) reason = NULL;

      if (!remove_one (cache, entries, request->keys->pdata[i], &reason))
        status = fail (reason);
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
    return "the command must be list, remove or clean";
  if (request->unused && !is_remove)
    return "--unused can only be given to the command remove";
  if (request->keys->len > 0 && !is_remove)
    return "keys can only be given to the command remove";
  if (is_remove && request->unused == (request->keys->len > 0))
    return "the command remove needs either keys or --unused";
  return NULL;
}

static int
run (const Request *request)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VqPrivateDir) cache = open_cache (request, &error);

  if (error != NULL)
    return fail (error);
  if (g_strcmp0 (request->command, "clean") == 0)
    return clean (cache, request);
  if (request->unused)
    return remove_unused (cache);
  if (request->keys->len > 0)
    return remove_keys (cache, request);
  return list (cache, request);
}

static int
report_usage (const char *message)
{
  g_critical ("%s", message);
  fputs ("Try '" NAME " --help'.\n", stderr);
  return EXIT_USAGE;
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) keys = g_ptr_array_new ();
  g_autoptr (VqArguments) arguments = NULL;
  Request request = { { VQ_TEMPLATE_MAX_AGE_DEFAULT, VQ_TEMPLATE_MAX_SIZE_DEFAULT }, .keys = keys };
  int status;

  setlocale (LC_ALL, "");
  vq_log_init (NAME);
  if (!vq_inherited_settle (&error))
    return fail (error);
  arguments = vq_arguments_new (arguments_table, (const char *const *)argv + (argc > 0), &error);
  if (arguments == NULL || !parse (&request, arguments, &error))
    return report_usage (error->message);
  if (request.text == NULL && find_fault (&request) != NULL)
    return report_usage (find_fault (&request));
  if (request.text != NULL)
    fputs (request.text, stdout);
  status = request.text != NULL ? EXIT_OK : run (&request);
  if (fflush (stdout) == 0)
    return status;
  g_critical ("cannot write the output");
  return EXIT_FAILED;
}
