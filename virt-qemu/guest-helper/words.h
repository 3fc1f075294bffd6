// SPDX-License-Identifier: GPL-2.0-or-later
/* What a RUN asks for: the words of helper-wire.h. */
#pragma once

#include "frame.h"

typedef struct
{
  char **argv;           /* owned, NULL at the end; argv[-1] is a free place */
  char **environment;    /* NAME=VALUE, NULL at the end; part of argv */
  const char *directory; /* NULL: "/" */
  bool terminal;
  unsigned short rows, columns; /* with terminal */
} Words;

typedef enum
{
  WORDS_GOOD,
  WORDS_BAD,       /* WHY says how */
  WORDS_NO_MEMORY, /* WHY says so */
} WordsResult;

/* Makes WORDS of LENGTH BYTES, which must stay for as long as it is used. */
WordsResult words_parse (Words *words, const uint8_t *bytes, size_t length, Why why);
void words_clear (Words *words);
