// SPDX-License-Identifier: GPL-2.0-or-later
/* What the user names: images on the network, in Ceph and of nbd servers. */
#include "disk/nbd-name.h"
#include "disk/rbd-name.h"
#include "fuzz.h"
#include "pull/pull-url.h"

static void
check_url (const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *show G_GNUC_UNUSED = vq_pull_url_show (text);
  g_autofree char *name G_GNUC_UNUSED = vq_pull_url_get_name (text);
  g_autofree char *sibling G_GNUC_UNUSED = vq_pull_url_get_sibling (text, "SHA256SUMS");
  g_autofree char *path G_GNUC_UNUSED
      = vq_pull_url_is_file (text) ? vq_pull_url_get_path (text, NULL) : NULL;

  fuzz_assert_told (vq_pull_url_check (text, &error), &error);
}

static void
check_rbd (const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VqRbdName) name = vq_rbd_name_parse (text, &error);

  fuzz_assert_told (name != NULL, &error);
}

static void
check_nbd (const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VqNbdName) name = vq_nbd_name_parse (text, &error);

  fuzz_assert_told (name != NULL, &error);
}

FUZZ (names)
{
  g_autofree char *text = fuzz_text (bytes, n);

  if (vq_rbd_name_is (text))
    check_rbd (text);
  if (vq_nbd_name_is (text))
    check_nbd (text);
  if (vq_pull_url_is (text))
    check_url (text);
}
