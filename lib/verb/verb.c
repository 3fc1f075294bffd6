// SPDX-License-Identifier: GPL-2.0-or-later
#include "verb/verb.h"

#include <string.h>

#include "base/error.h"
#include "verb/verb-output.h"

/* The longest name for which a suggestion is looked for. */
#define NAME_MAX_LENGTH 31

/* How many letters must be put in, left out or changed to make OTHER of NAME (Levenshtein). ROW
 * has the distances of the first letters of NAME from each beginning of OTHER. */
static guint
get_distance (const char *name, const char *other)
{
  gsize n = strlen (other);
  g_autofree guint *row = g_new (guint, n + 1);

  for (gsize k = 0; k <= n; k++)
    row[k] = k;
  for (; *name != '\0'; name++)
    {
      guint diagonal = row[0]++;

      for (gsize k = 1; k <= n; k++)
        {
          guint changed = diagonal + (*name != other[k - 1]);

          diagonal = row[k];
          row[k] = MIN (changed, MIN (row[k], row[k - 1]) + 1);
        }
    }
  return row[n];
}

/* NULL if no verb is like NAME: a third of the letters may be wrong, or the rest be missing. */
static const VqVerb *
find_nearest (const VqVerb *verb, const char *name)
{
  const VqVerb *best = NULL;
  guint least = 1 + strlen (name) / 3;

  if (name[0] == '\0' || strlen (name) > NAME_MAX_LENGTH)
    return NULL;
  for (; verb->name != NULL; verb++)
    {
      guint distance = g_str_has_prefix (verb->name, name) ? 0 : get_distance (name, verb->name);

      if (distance < least || (distance == least && best == NULL))
        {
          best = verb;
          least = distance;
        }
    }
  return best;
}

const VqVerb *
vq_verb_find (const VqVerb *verbs, const char *name, GError **error)
{
  const VqVerb *nearest;

  for (const VqVerb *verb = verbs; verb->name != NULL; verb++)
    if (strcmp (verb->name, name) == 0)
      return verb;
  nearest = find_nearest (verbs, name);
  if (nearest != NULL)
    vq_error_set (error, VQ_ERROR_USAGE, "there is no verb \"%s\"; did you mean \"%s\"?", name,
                  nearest->name);
  else
    vq_error_set (error, VQ_ERROR_USAGE, "there is no verb \"%s\"", name);
  return NULL;
}

char *
vq_verb_build_help (const VqVerbTable *table)
{
  GString *text = g_string_new (NULL);

  g_string_printf (text,
                   "Usage: %s VERB [OPTION...] [ARGUMENT...]\n"
                   "       %s --help | --version\n"
                   "\n"
                   "%s\n"
                   "\n",
                   table->program, table->program, table->summary);

  for (const VqVerb *verb = table->verbs; verb->name != NULL; verb++)
    if (verb->summary != NULL)
      g_string_append_printf (text, "  %-14s %s\n", verb->name, verb->summary);
  g_string_append_printf (text, "\n'%s VERB --help' explains a verb.\n", table->program);
  return g_string_free (text, FALSE);
}

static VqVerbStatus
print_help (const VqVerbTable *table)
{
  g_autofree char *help = vq_verb_build_help (table);

  vq_verb_output_text ("%s", help);
  return VQ_VERB_OK;
}

VqVerbStatus
vq_verb_run (const VqVerbTable *table, const char *const *arguments)
{
  g_autofree char *how = g_strconcat (table->program, " --help", NULL);
  g_autoptr (GError) error = NULL;
  const VqVerb *verb = NULL;
  const char *word = arguments[0];

  if (g_strcmp0 (word, "--help") == 0 || g_strcmp0 (word, "-h") == 0)
    return print_help (table);
  if (g_strcmp0 (word, "--version") == 0)
    {
      vq_verb_output_text ("%s\n", "virt-qemu " VQ_VERSION);
      return VQ_VERB_OK;
    }
  if (word == NULL)
    vq_error_set (&error, VQ_ERROR_USAGE, "which verb?");
  else if (word[0] == '-')
    vq_error_set (&error, VQ_ERROR_USAGE, "there is no option %s before the verb", word);
  else
    verb = vq_verb_find (table->verbs, word, &error);
  return verb != NULL ? verb->run (arguments + 1) : vq_verb_error_report (error, how, FALSE);
}
