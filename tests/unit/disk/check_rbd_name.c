// SPDX-License-Identifier: GPL-2.0-or-later
#include "disk/rbd-name.h"

#include <check.h>
#include <string.h>

#include "base/error.h"
#include "suite.h"

static const struct
{
  const char *text;
  const char *pool, *image, *id, *conf;
} good[] = {
  { "rbd:p/i", "p", "i", NULL, NULL },
  { "rbd:p/i:id=vm", "p", "i", "vm", NULL },
  { "rbd:p/i.1:conf=/etc/a\\:b:id=x", "p", "i.1", "x", "/etc/a:b" },
  { "rbd:p\\:q/i=j:id=a:id=b:", "p:q", "i=j", "b", NULL },
  { "rbd:p/i:id=a\\\\b\\", "p", "i", "a\\b\\", NULL },
};

static const char *const bad[]
    = { "rbd:",        "rbd:p",         "rbd:p/",          "rbd:/i",     "rbd:p/i/j",
        "rbd:p/i@s",   "rbd:-p/i",      "rbd:p/--all",     "rbd:p/i:id", "rbd:p/i:id=",
        "rbd:p/i:x=y", "rbd:p/i::id=a", "rbd:p/i:key=AQ==" };

CASE ("rbd-name", NULL, NULL, 0)

TEST_LOOP (test_good, 0, G_N_ELEMENTS (good))
{
  g_autoptr (VqRbdName) name = vq_rbd_name_parse (good[_i].text, NULL);
  g_autoptr (VqRbdName) other = NULL;
  g_autofree char *spec = NULL;

  ck_assert_ptr_nonnull (name);
  ck_assert_str_eq (name->pool, good[_i].pool);
  ck_assert_str_eq (name->image, good[_i].image);
  ck_assert_pstr_eq (name->id, good[_i].id);
  ck_assert_pstr_eq (name->conf, good[_i].conf);
  other = vq_rbd_name_with_image (name, "k");
  spec = vq_rbd_name_get_spec (other);
  ck_assert (g_str_has_prefix (spec, good[_i].pool) && g_str_has_suffix (spec, "/k"));
  ck_assert_pstr_eq (other->id, good[_i].id);
}

TEST_LOOP (test_bad, 0, G_N_ELEMENTS (bad))
{
  g_autoptr (GError) error = NULL;

  ck_assert (vq_rbd_name_is (bad[_i]));
  ck_assert_ptr_null (vq_rbd_name_parse (bad[_i], &error));
  ck_assert (g_error_matches (error, VQ_ERROR, VQ_ERROR_USAGE));
}

TEST (test_others)
{
  ck_assert (!vq_rbd_name_is ("rbd") && !vq_rbd_name_is ("/rbd:p/i")
             && !vq_rbd_name_is ("RBD:p/i"));
}
