// SPDX-License-Identifier: GPL-2.0-or-later
#include "template/template-name.h"

#include <check.h>

#include "suite.h"

#define KEY "0123456789abcdef0123456789abcdef"

CASE ("template-name", NULL, NULL, 60)

TEST (templates)
{
  static const struct
  {
    const char *name;
    guint number; /* 0: it is no template's name */
  } cases[] = { { KEY, 1 },
                { KEY ".2", 2 },
                { KEY ".10", 10 },
                { KEY ".4294967294", 4294967294 },
                { KEY ".4294967295", 0 }, /* one more could not be counted */
                { KEY ".1", 0 },
                { KEY ".0", 0 },
                { KEY ".02", 0 },
                { KEY ".+2", 0 },
                { KEY ".-2", 0 },
                { KEY ". 2", 0 },
                { KEY ".2 ", 0 },
                { KEY ".2x", 0 },
                { KEY ".", 0 },
                { KEY "2", 0 },
                { KEY ".lock", 0 },
                { ".new-" KEY, 0 },
                { ".old-" KEY, 0 },
                { "", 0 },
                { "0123456789abcdef0123456789abcde", 0 },
                { "0123456789ABCDEF0123456789ABCDEF", 0 } };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *key = NULL;
      guint number = 0;

      ck_assert_msg (vq_template_name_parse (cases[i].name, &key, &number) == (cases[i].number > 0),
                     "%s", cases[i].name);
      ck_assert_uint_eq (number, cases[i].number);
      ck_assert (vq_template_name_is_of (cases[i].name, KEY) == (cases[i].number > 0));
      if (number > 0)
        ck_assert_str_eq (key, KEY);
      else
        ck_assert_ptr_null (key);
    }
  ck_assert (!vq_template_name_is_of (KEY, "f123456789abcdef0123456789abcdef"));
}

TEST (others)
{
  g_autofree char *new_key = NULL;
  g_autofree char *lock_key = NULL;
  char *none = NULL;

  ck_assert (vq_template_name_parse_new (".new-" KEY, &new_key));
  ck_assert_str_eq (new_key, KEY);
  ck_assert (vq_template_name_parse_lock (KEY ".lock", &lock_key));
  ck_assert_str_eq (lock_key, KEY);
  ck_assert (!vq_template_name_parse_new (KEY, &none));
  ck_assert (!vq_template_name_parse_new (".new-", &none));
  ck_assert (!vq_template_name_parse_new (".new-" KEY ".2", &none));
  ck_assert (!vq_template_name_parse_lock (KEY, &none));
  ck_assert (!vq_template_name_parse_lock (".lock", &none));
  ck_assert (!vq_template_name_parse_lock (KEY ".2.lock", &none));
  ck_assert (!vq_template_name_parse_lock ("0123456789abcdef0123456789abcdeX.lock", &none));
  ck_assert_ptr_null (none);
}

TEST (built)
{
  g_autofree char *first = vq_template_name_build (KEY, 1);
  g_autofree char *second = vq_template_name_build (KEY, 2);
  g_autofree char *aside = vq_template_name_build_new (KEY);
  g_autofree char *lock = vq_template_name_build_lock (KEY);

  ck_assert_str_eq (first, KEY);
  ck_assert_str_eq (second, KEY ".2");
  ck_assert_str_eq (aside, ".new-" KEY);
  ck_assert_str_eq (lock, KEY ".lock");
}
