// SPDX-License-Identifier: GPL-2.0-or-later
/* The lists are CSV without quotes. The first line names the columns; of those at the end a line
 * may have fewer. */
#include "image/distro.h"

#include <string.h>

#include "base/error.h"
#include "base/text.h"

#define DIRECTORY "/usr/share/distro-info"

/* The longest list that is read; the real ones have 3 KB. */
#define LIST_MAX (1024 * 1024)

/* How many bytes of a wrong word a message shows. */
#define SHOWN_MAX 64

static const char *const distros[] = { "debian", "ubuntu", NULL };

const char *const *
vq_distro_get_names (void)
{
  return distros;
}

const char *
vq_distro_get_state (const VqDistroRelease *release)
{
  static const char *const words[] = { "development", "supported", "lts", "ended" };

  return words[release->state];
}

static void
release_free (VqDistroRelease *release)
{
  g_free (release->series);
  g_free (release->number);
  g_free (release->end);
  g_free (release);
}

/* The field of LINE below the title NAME, or NULL if it is missing or empty. */
static const char *
get_field (char **titles, char **line, const char *name)
{
  for (gsize i = 0; titles[i] != NULL && line[i] != NULL; i++)
    if (strcmp (titles[i], name) == 0)
      return line[i][0] != '\0' ? line[i] : NULL;
  return NULL;
}

/* Dates of this form can be compared as text. */
static gboolean
has_come (const char *date, const char *today)
{
  return date != NULL && strcmp (date, today) <= 0;
}

/* Its number is "13" or "24.04 LTS". */
static VqDistroRelease *
release_new (const char *distro, char **titles, char **line, const char *today)
{
  const char *number = get_field (titles, line, "version");
  const char *end = get_field (titles, line, "eol");
  const char *end_lts = get_field (titles, line, "eol-lts");
  gboolean is_lts = has_come (end, today) && end_lts != NULL && !has_come (end_lts, today);
  VqDistroRelease *release = g_new0 (VqDistroRelease, 1);

  release->distro = distro;
  release->series = g_strdup (get_field (titles, line, "series"));
  release->number = number != NULL ? g_strndup (number, strcspn (number, " ")) : NULL;
  release->end = g_strdup (is_lts ? end_lts : end);
  if (!has_come (get_field (titles, line, "release"), today))
    release->state = VQ_DISTRO_DEVELOPMENT;
  else if (is_lts)
    release->state = VQ_DISTRO_LTS;
  else
    release->state = has_come (end, today) ? VQ_DISTRO_ENDED : VQ_DISTRO_SUPPORTED;
  release->long_term = number != NULL && strstr (number, "LTS") != NULL;
  return release;
}

/* An alias belongs to the first release that takes it. */
static void
take_alias (VqDistroRelease *release, const char *alias, gboolean *taken)
{
  if (!*taken)
    release->aliases[g_strv_length ((char **)release->aliases)] = alias;
  *taken = TRUE;
}

/* RELEASES are those of Debian, newest first. The oldest that is not released is "testing". */
static void
name_debian (GPtrArray *releases)
{
  gboolean unstable = FALSE, testing = FALSE, stable = FALSE, oldstable = FALSE, lts = FALSE;

  for (guint i = releases->len; i-- > 0;)
    {
      VqDistroRelease *release = releases->pdata[i];

      if (release->number == NULL)
        take_alias (release, "unstable", &unstable);
      else if (release->state == VQ_DISTRO_DEVELOPMENT)
        take_alias (release, "testing", &testing);
    }
  for (guint i = 0; i < releases->len; i++)
    {
      VqDistroRelease *release = releases->pdata[i];

      if (release->state == VQ_DISTRO_DEVELOPMENT)
        continue;
      take_alias (release, stable ? "oldstable" : "stable", stable ? &oldstable : &stable);
      if (release->state == VQ_DISTRO_LTS)
        take_alias (release, "lts", &lts);
    }
}

/* The same for Ubuntu. */
static void
name_ubuntu (GPtrArray *releases)
{
  gboolean devel = FALSE, stable = FALSE, lts = FALSE;

  for (guint i = 0; i < releases->len; i++)
    {
      VqDistroRelease *release = releases->pdata[i];
      gboolean released = release->state != VQ_DISTRO_DEVELOPMENT;

      take_alias (release, released ? "stable" : "devel", released ? &stable : &devel);
      if (released && release->long_term)
        take_alias (release, "lts", &lts);
    }
}

/* "experimental", whose code name is rc-buggy, is not a system by itself. */
static gboolean
is_system (char **titles, char **line, const char *today)
{
  const char *series = get_field (titles, line, "series");

  return series != NULL && strcmp (series, "experimental") != 0 && strcmp (series, "rc-buggy") != 0
         && has_come (get_field (titles, line, "created"), today);
}

/* The newest line is the last one, except for that of sid, which has no number. */
static GPtrArray *
parse (const char *distro, const char *text, const char *today)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  g_auto (GStrv) titles = g_strsplit (lines[0] != NULL ? lines[0] : "", ",", -1);
  GPtrArray *releases = g_ptr_array_new_with_free_func ((GDestroyNotify)release_free);

  for (guint i = g_strv_length (lines); i-- > 1;)
    {
      g_auto (GStrv) line = g_strsplit (lines[i], ",", -1);

      if (is_system (titles, line, today))
        g_ptr_array_add (releases, release_new (distro, titles, line, today));
    }
  return releases;
}

static char *
read_list (const char *directory, const char *distro, GError **error)
{
  g_autofree char *name = g_strconcat (distro, ".csv", NULL);
  g_autofree char *path = g_build_filename (directory != NULL ? directory : DIRECTORY, name, NULL);
  g_autoptr (GError) why = NULL;
  char *text;
  gsize n;

  if (g_file_get_contents (path, &text, &n, &why) && n <= LIST_MAX)
    return text;
  vq_error_set (error, VQ_ERROR_MISSING,
                "cannot tell which releases there are (%s): install the package distro-info-data",
                why != NULL ? why->message : path);
  return NULL;
}

static gboolean
add_distro (GPtrArray *all, const char *directory, const char *distro, const char *today,
            GError **error)
{
  g_autofree char *text = read_list (directory, distro, error);
  g_autoptr (GPtrArray) releases = text != NULL ? parse (distro, text, today) : NULL;

  if (releases == NULL)
    return FALSE;
  if (strcmp (distro, "debian") == 0)
    name_debian (releases);
  else
    name_ubuntu (releases);
  g_ptr_array_extend_and_steal (all, g_steal_pointer (&releases));
  return TRUE;
}

GPtrArray *
vq_distro_list (const char *directory, const char *today, GError **error)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *date = g_date_time_format (now, "%Y-%m-%d");
  g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func ((GDestroyNotify)release_free);

  for (const char *const *distro = distros; *distro != NULL; distro++)
    if (!add_distro (all, directory, *distro, today != NULL ? today : date, error))
      return NULL;
  return g_steal_pointer (&all);
}

static gboolean
is_called (const VqDistroRelease *release, const char *word)
{
  return g_strcmp0 (release->series, word) == 0 || g_strcmp0 (release->number, word) == 0
         || g_strv_contains (release->aliases, word);
}

/* The names that a message offers. Transfer full. */
static char *
describe (const GPtrArray *releases, const char *distro)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < releases->len; i++)
    {
      const VqDistroRelease *release = releases->pdata[i];

      if (strcmp (release->distro, distro) == 0 && release->state != VQ_DISTRO_ENDED)
        g_string_append_printf (text, "%s%s", text->len > 0 ? ", " : "", release->series);
    }
  return g_string_free (text, FALSE);
}

const VqDistroRelease *
vq_distro_find (const GPtrArray *releases, const char *distro, const char *word, GError **error)
{
  g_autofree char *shown = vq_text_printable (word, strlen (word), SHOWN_MAX);
  g_autofree char *names = NULL;

  if (!g_strv_contains (distros, distro))
    {
      g_autofree char *wrong = vq_text_printable (distro, strlen (distro), SHOWN_MAX);

      vq_error_set (error, VQ_ERROR_USAGE, "\"%s\" is not debian or ubuntu", wrong);
      return NULL;
    }
  for (guint i = 0; i < releases->len; i++)
    {
      const VqDistroRelease *release = releases->pdata[i];

      if (strcmp (release->distro, distro) == 0 && is_called (release, word))
        return release;
    }
  names = describe (releases, distro);
  vq_error_set (error, VQ_ERROR_MISSING, "%s has no release \"%s\"; it has %s", distro, shown,
                names);
  return NULL;
}
