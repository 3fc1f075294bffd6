// SPDX-License-Identifier: GPL-2.0-or-later
#include "words.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Reads decimal digits up to and including END. */
static bool
take_number (const char **text, char end, unsigned short *number)
{
  unsigned value = 0;
  const char *at = *text;

  for (; isdigit ((unsigned char)*at) && value <= 65535; at++)
    value = value * 10 + (*at - '0');
  if (at == *text || *at != end || value > 65535)
    return false;
  *number = value;
  *text = at + 1;
  return true;
}

static bool
take_terminal (Words *words, const char *text)
{
  if (words->terminal)
    return false;
  words->terminal = true;
  return take_number (&text, ' ', &words->rows) && take_number (&text, '\0', &words->columns);
}

static bool
take_once (const char **word, const char *text)
{
  if (*word != NULL || *text == '\0')
    return false;
  *word = text;
  return true;
}

typedef struct
{
  size_t argc, n_environment;
} Count;

static bool
take_word (Words *words, Count *count, char letter, const char *text)
{
  switch (letter)
    {
    case 'a':
      words->argv[count->argc++] = (char *)text;
      return true;
    case 'e':
      words->environment[count->n_environment++] = (char *)text;
      return text[0] != '=' && strchr (text, '=') != NULL;
    case 'd':
      return take_once (&words->directory, text);
    case 't':
      return take_terminal (words, text);
    }
  return false;
}

static Count
count_words (const uint8_t *bytes, size_t length)
{
  Count count = { 0 };

  for (const uint8_t *at = bytes; at < bytes + length; at += strlen ((const char *)at) + 1)
    {
      count.argc += *at == 'a';
      count.n_environment += *at == 'e';
    }
  return count;
}

WordsResult
words_parse (Words *words, const uint8_t *bytes, size_t length, Why why)
{
  Count count, taken = { 0 };
  char **places;

  *words = (Words){ 0 };
  if (length == 0 || bytes[length - 1] != '\0')
    return explain (why, "the last word of RUN has no end"), WORDS_BAD;
  count = count_words (bytes, length);
  if (count.argc == 0)
    return explain (why, "RUN has no command"), WORDS_BAD;
  places = calloc (count.argc + count.n_environment + 3, sizeof *places);
  if (places == NULL)
    return explain (why, "out of memory"), WORDS_NO_MEMORY;
  words->argv = places + 1;
  words->environment = words->argv + count.argc + 1;
  for (const char *at = (const char *)bytes; at < (const char *)bytes + length;
       at += strlen (at) + 1)
    if (at[0] == '\0' || !take_word (words, &taken, at[0], at + 1))
      return explain (why, "a word of RUN makes no sense: %.100s", at), WORDS_BAD;
  return WORDS_GOOD;
}

void
words_clear (Words *words)
{
  if (words->argv != NULL)
    free (words->argv - 1);
  words->argv = NULL;
}
