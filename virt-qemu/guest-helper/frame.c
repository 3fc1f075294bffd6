// SPDX-License-Identifier: GPL-2.0-or-later
#include "frame.h"

#include <stdarg.h>
#include <stdio.h>

bool
explain (Why why, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  vsnprintf (why, sizeof (Why), format, args);
  va_end (args);
  return false;
}
