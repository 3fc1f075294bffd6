// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/units.h"

#include <check.h>

#include "base/error.h"
#include "suite.h"

#define DAY (24 * 60 * 60)
#define GIB (G_GUINT64_CONSTANT (1) << 30)

typedef gboolean (*Parse) (const char *text, guint64 *value, GError **error);

static void
assert_parsed (Parse parse, const char *text, guint64 expected)
{
  guint64 value;

  ck_assert_msg (parse (text, &value, NULL), "%s", text);
  ck_assert_uint_eq (value, expected);
}

static void
assert_refused (Parse parse, const char *const *texts)
{
  for (; *texts != NULL; texts++)
    {
      g_autoptr (GError) error = NULL;
      guint64 value;

      ck_assert_msg (!parse (*texts, &value, &error), "%s", *texts);
      ck_assert (g_error_matches (error, VQ_ERROR, VQ_ERROR_USAGE));
    }
}

CASE ("units", NULL, NULL, 60)

TEST (ages)
{
  static const char *const bad[] = { "", "d", "-1", "1w", "1D", "1 d", "1.5h", "24856d", NULL };

  assert_parsed (vq_units_parse_age, "0", 0);
  assert_parsed (vq_units_parse_age, "90", 90);
  assert_parsed (vq_units_parse_age, "90s", 90);
  assert_parsed (vq_units_parse_age, "15m", 15 * 60);
  assert_parsed (vq_units_parse_age, "12h", DAY / 2);
  assert_parsed (vq_units_parse_age, "1d", DAY);
  assert_parsed (vq_units_parse_age, "2147483647", G_MAXINT);
  assert_refused (vq_units_parse_age, bad);
}

TEST (sizes)
{
  static const char *const bad[] = { "", "G", "20", "-1G", "1K", "1g", "1GB", "8388608T", NULL };

  assert_parsed (vq_units_parse_size, "0", 0);
  assert_parsed (vq_units_parse_size, "512M", GIB / 2);
  assert_parsed (vq_units_parse_size, "20G", 20 * GIB);
  assert_parsed (vq_units_parse_size, "1T", 1024 * GIB);
  assert_refused (vq_units_parse_size, bad);
}

TEST (ages_for_people)
{
  static const struct
  {
    guint64 seconds;
    const char *text;
  } cases[] = { { 0, "0 s" },        { 119, "119 s" },       { 120, "2 min" },
                { 7199, "119 min" }, { 7200, "2 h" },        { DAY - 1, "23 h" },
                { DAY, "1 d" },      { 2 * DAY - 1, "1 d" }, { 400 * DAY, "400 d" } };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = vq_units_age_to_string (cases[i].seconds);

      ck_assert_str_eq (text, cases[i].text);
    }
}

TEST (sizes_for_people)
{
  static const struct
  {
    guint64 bytes;
    const char *text;
  } cases[] = { { 0, "0 B" },
                { 1023, "1023 B" },
                { 1024, "1.0 KiB" },
                { 1536, "1.5 KiB" },
                { 10 * 1024, "10 KiB" },
                { 1023 * 1024 + 511, "1023 KiB" },
                { 1023 * 1024 + 512, "1.0 MiB" },
                { 1023 * 1024 + 513, "1.0 MiB" },
                { 412 * GIB / 1024, "412 MiB" },
                { 3 * GIB / 2, "1.5 GiB" },
                { G_MAXUINT64, "16 EiB" } };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = vq_units_size_to_string (cases[i].bytes);

      ck_assert_str_eq (text, cases[i].text);
    }
}
