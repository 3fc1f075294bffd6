// SPDX-License-Identifier: GPL-2.0-or-later
/* The addresses of images. */
#include "pull/pull-url.h"

#include <check.h>

#include "suite.h"

CASE ("pull-url", NULL, NULL, 0)

TEST (what_is_an_address)
{
  static const struct
  {
    const char *name;
    gboolean is;
    gboolean good;
  } cases[] = {
    { "http://host/disk", TRUE, TRUE },     { "HTTPS://host:8443/a/disk?x=y", TRUE, TRUE },
    { "http://[::1]:80/disk", TRUE, TRUE }, { "file:///disk", TRUE, FALSE },
    { "http:///disk", TRUE, FALSE },        { "http://host/a b", TRUE, FALSE },
    { "http://host/a\nb", TRUE, FALSE },    { "http://host/\303\244", TRUE, FALSE },
    { "http://host:x/", TRUE, FALSE },      { "http:disk", FALSE, FALSE },
    { "ftp://host/disk", FALSE, FALSE },    { "debian/13", FALSE, FALSE },
    { "./http://x", FALSE, FALSE },         { "", FALSE, FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      ck_assert_msg (vq_pull_url_is (cases[i].name) == cases[i].is, "%s", cases[i].name);
      ck_assert_msg (vq_pull_url_check (cases[i].name, NULL) == cases[i].good, "%s", cases[i].name);
    }
}

TEST (files_of_this_host)
{
  static const char *const cases[][2] = {
    { "file:///a/b", "/a/b" }, { "file://localhost/a%20b", "/a b" },
    { "FILE:///a%25", "/a%" }, { "file://other/a/b", NULL },
    { "file://", NULL },       { "file:///a%00b", NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = vq_pull_url_get_path (cases[i][0], NULL);

      ck_assert_pstr_eq (path, cases[i][1]);
    }
}

TEST (parts)
{
  g_autofree char *shown = vq_pull_url_show ("https://me:secret@host/disk?x");
  g_autofree char *name = vq_pull_url_get_name ("https://host/a/my%20disk.img?x=/y");
  g_autofree char *none = vq_pull_url_get_name ("https://host/a/");
  g_autofree char *beside = vq_pull_url_get_sibling ("http://host:80?x=/y", "SUMS");
  g_autofree char *sibling = vq_pull_url_get_sibling ("https://host/a/disk?x=/y#z", "SUMS");

  ck_assert_str_eq (shown, "https://me@host/disk?x");
  ck_assert_str_eq (name, "my disk.img");
  ck_assert_str_eq (none, "");
  ck_assert_str_eq (sibling, "https://host/a/SUMS");
  ck_assert_str_eq (beside, "http://host:80/SUMS");
}
