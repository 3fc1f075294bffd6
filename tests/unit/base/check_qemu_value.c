// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/qemu-value.h"

#include <check.h>

#include "suite.h"

CASE ("values", NULL, NULL, 10)

TEST (quote)
{
  static const struct
  {
    const char *text, *quoted;
  } cases[] = {
    { "", "" },        { "plain", "plain" }, { ",", ",," },
    { "a,b", "a,,b" }, { ",,", ",,,," },     { "a=b", "a=b" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *quoted = vq_qemu_value_quote (cases[i].text);

      ck_assert_str_eq (quoted, cases[i].quoted);
    }
}

TEST (split)
{
  static const struct
  {
    const char *text, *parts;
  } cases[] = {
    { "", "<>" },       { "a", "<a>" },          { ",", "<><>" },          { ",,", "<,>" },
    { ",,,", "<,><>" }, { "a,b=c", "<a><b=c>" }, { "a,,b,c", "<a,b><c>" }, { "a,,,,b", "<a,,b>" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (GStrv) parts = vq_qemu_value_split (cases[i].text);
      g_autofree char *joined = g_strjoinv ("><", parts);
      g_autofree char *shown = g_strdup_printf ("<%s>", joined);

      ck_assert_str_eq (shown, cases[i].parts);
    }
}
