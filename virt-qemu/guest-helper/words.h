// SPDX-License-Identifier: GPL-2.0-or-later
/* Parses the words of a RUN (helper-wire.h). */
#pragma once

#include "frame.h"

typedef struct
{
  char **argv;           /* owned, ends with NULL; argv[-1] may be overwritten */
  char **environment;    /* NAME=VALUE words, ends with NULL; a part of argv's memory */
  const char *directory; /* NULL: "/" */
  bool terminal;
  unsigned short rows, columns; /* only if terminal */
} Words;

typedef enum
{
  WORDS_GOOD,
  WORDS_BAD,       /* WHY says what is wrong */
  WORDS_NO_MEMORY, /* WHY says so */
} WordsResult;

/* Parses LENGTH BYTES into WORDS. BYTES must stay valid as long as WORDS is used. */
WordsResult words_parse (Words *words, const uint8_t *bytes, size_t length, Why why);
void words_clear (Words *words);
