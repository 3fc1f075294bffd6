// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/qemu-value.h"

char *
vq_qemu_value_quote (const char *text)
{
  g_auto (GStrv) parts = g_strsplit (text, ",", -1);

  return g_strjoinv (",,", parts);
}
