// SPDX-License-Identifier: GPL-2.0-or-later
#include "environment.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static const char *const always[] = {
  "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  "HOME=/root",
  "USER=root",
  "LOGNAME=root",
  "SHELL=/bin/sh",
};
#define N_ALWAYS (sizeof always / sizeof always[0])

/* LANG, LANGUAGE, LC_something. */
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

/* Puts WORD in the place of the one with its name, or at the end. */
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

bool
environment_init (Environment *base, char **ours)
{
  Account root;
  Why why;
  bool ok;
  bool known = account_find (&root, NULL, why);

  base->n = 0;
  base->words = calloc (count (ours) + N_ALWAYS, sizeof *base->words);
  ok = base->words != NULL;
  for (size_t i = 0; ok && i < N_ALWAYS; i++)
    ok = put_copy (base, known && strncmp (always[i], "HOME=", 5) == 0
                             ? root.variables[ACCOUNT_HOME]
                             : always[i]);
  for (; ok && *ours != NULL; ours++)
    if (is_of_language (*ours))
      ok = put_copy (base, *ours);
  if (known)
    account_clear (&root);
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
environment_make (const Environment *base, const Account *account, char *const *extra)
{
  char **words = calloc (base->n + ACCOUNT_N_VARIABLES + count (extra) + 1, sizeof *words);
  size_t n = base->n;

  if (words == NULL)
    return NULL;
  memcpy (words, base->words, n * sizeof *words);
  for (int i = 0; account != NULL && i < ACCOUNT_N_VARIABLES; i++)
    put (words, &n, account->variables[i]);
  for (; *extra != NULL; extra++)
    put (words, &n, *extra);
  return words;
}
