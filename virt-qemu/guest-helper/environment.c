// SPDX-License-Identifier: GPL-2.0-or-later
#include "environment.h"

#include <ctype.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const always[] = {
  "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  "USER=root",
  "LOGNAME=root",
  "SHELL=/bin/sh",
};
#define N_ALWAYS (sizeof always / sizeof always[0])

/* Whether WORD sets LANG, LANGUAGE or LC_*. */
static bool
is_of_language (const char *word)
{
  const char *end = strchr (word, '=');

  if (strncmp (word, "LANG=", 5) == 0 || strncmp (word, "LANGUAGE=", 9) == 0)
    return true;
  if (strncmp (word, "LC_", 3) != 0 || end == NULL || end == word + 3)
    return false;
  for (word += 3; word < end; word++)
    if (!isalnum ((unsigned char)*word) && *word != '_')
      return false;
  return true;
}

/* Replaces the word with the same name by WORD, or adds WORD at the end. */
static void
put (char **words, size_t *n, char *word)
{
  size_t length = strchr (word, '=') - word + 1;
  size_t i = 0;

  while (i < *n && strncmp (words[i], word, length) != 0)
    i++;
  words[i] = word;
  if (i == *n)
    ++*n;
}

static size_t
count (char *const *words)
{
  size_t n = 0;

  while (words[n] != NULL)
    n++;
  return n;
}

static bool
put_copy (Environment *base, const char *word)
{
  char *copy = strdup (word);

  if (copy != NULL)
    base->words[base->n++] = copy;
  return copy != NULL;
}

/* Adds the home directory of the first user 0 in /etc/passwd; a static program cannot use other
 * sources of accounts. An empty field means "/". */
static bool
put_home (Environment *base)
{
  FILE *file = fopen ("/etc/passwd", "re");
  struct passwd *entry = NULL;
  const char *home = "/root";
  char *word;

  while (file != NULL && (entry = fgetpwent (file)) != NULL && entry->pw_uid != 0)
    ;
  if (entry != NULL)
    home = entry->pw_dir[0] != '\0' ? entry->pw_dir : "/";
  if (asprintf (&word, "HOME=%s", home) >= 0)
    base->words[base->n++] = word;
  else
    word = NULL;
  if (file != NULL)
    fclose (file);
  return word != NULL;
}

bool
environment_init (Environment *base, char **ours)
{
  bool ok;

  base->n = 0;
  base->words = calloc (count (ours) + N_ALWAYS + 1, sizeof *base->words);
  ok = base->words != NULL && put_home (base);
  for (size_t i = 0; ok && i < N_ALWAYS; i++)
    ok = put_copy (base, always[i]);
  for (; ok && *ours != NULL; ours++)
    if (is_of_language (*ours))
      ok = put_copy (base, *ours);
  return ok;
}

void
environment_clear (Environment *base)
{
  for (size_t i = 0; i < base->n; i++)
    free (base->words[i]);
  free (base->words);
  *base = (Environment){ 0 };
}

char **
environment_make (const Environment *base, char *const *extra)
{
  char **words = calloc (base->n + count (extra) + 1, sizeof *words);
  size_t n = base->n;

  if (words == NULL)
    return NULL;
  memcpy (words, base->words, n * sizeof *words);
  for (; *extra != NULL; extra++)
    put (words, &n, *extra);
  return words;
}
