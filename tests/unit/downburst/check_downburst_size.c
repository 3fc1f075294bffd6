// SPDX-License-Identifier: GPL-2.0-or-later
#include "downburst/downburst-size.h"

#include <check.h>
#include <string.h>

#include "base/error.h"
#include "suite.h"

#define GIB (G_GUINT64_CONSTANT (1) << 30)

static const struct
{
  const char *text;
  guint64 bytes;
  const char *error; /* a part of it */
} rows[] = {
  { "100G", 100 * GIB, NULL },
  { "3.8G", 4080218931, NULL },
  { "512M", GIB / 2, NULL },
  { " 2 T ", 2048 * GIB, NULL },
  { "20GB", G_GUINT64_CONSTANT (20000000000), NULL },
  { "1.5GiB", GIB + GIB / 2, NULL },
  { "4k", 4096, NULL },
  { "7B", 7, NULL },
  { "1073741824", GIB, NULL },
  { "0.4", 0, NULL },
  { "", 0, "is not a number with a unit" },
  { "G", 0, "is not a number with a unit" },
  { "1.2.3G", 0, "is not a number with a unit" },
  { ".", 0, "is not a number with a unit" },
  { "-1G", 0, "is not a number with a unit" },
  { "0x10", 0, "is not a number with a unit" },
  { "1e3", 0, "is not a number with a unit" },
  { "10g", 0, "is not a number with a unit" },
  { "10G x", 0, "is not a number with a unit" },
  { "5EiB", 0, "is too large" },
  { "99999999999999999999", 0, "is too large" },
};

CASE ("downburst-size", NULL, NULL, 0)

TEST_LOOP (sizes, 0, G_N_ELEMENTS (rows))
{
  g_autoptr (GError) error = NULL;
  guint64 bytes = 0;
  gboolean good = vq_downburst_size_parse (rows[_i].text, &bytes, &error);

  ck_assert_msg (good == (rows[_i].error == NULL), "%s", rows[_i].text);
  ck_assert_uint_eq (bytes, rows[_i].bytes);
  ck_assert (good || strstr (error->message, rows[_i].error) != NULL);
}
