// SPDX-License-Identifier: GPL-2.0-or-later
/* Images that have names: what a file may say, and which file counts. */
#include "pull/known-image.h"

#include <check.h>
#include <glib/gstdio.h>
#include <string.h>

#include "base/error.h"
#include "suite.h"
#include "tree.h"

#define OURS "virt-qemu/images.conf"

static char *base;
static char *files[4];

static void
setup (void)
{
  base = g_dir_make_tmp ("vq-known-XXXXXX", NULL);
  files[0] = g_build_filename (base, "ours", NULL);
  files[1] = g_build_filename (base, "missing", NULL);
  files[2] = g_build_filename (base, "user", NULL);
}

static void
teardown (void)
{
  tree_remove (base);
  g_clear_pointer (&base, g_free);
  for (int i = 0; i < 3; i++)
    g_clear_pointer (&files[i], g_free);
}

static void
put (int i, const char *text)
{
  ck_assert (g_file_set_contents (files[i], text, -1, NULL));
}

static VqKnownImage *
find (const char *name, GError **error)
{
  return vq_known_image_find (name, "amd64", (const char *const *)files, error);
}

static void
assert_url (const char *name, const char *url)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VqKnownImage) image = find (name, &error);

  ck_assert_msg (image != NULL, "%s: %s", name, error != NULL ? error->message : "");
  ck_assert_str_eq (image->url, url);
}

static void
assert_fails (const char *name, int code, const char *part)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VqKnownImage) image = find (name, &error);

  ck_assert_msg (image == NULL, "%s", name);
  ck_assert_int_eq (error->code, code);
  ck_assert_msg (strstr (error->message, part) != NULL, "%s", error->message);
}

CASE ("known-image", setup, teardown, 30)

TEST (releases)
{
  put (0, "[debian]\nurl=http://d/{series}/{number}-{arch}\nurl-development=http://dev/{series}\n"
          "[debian/sid]\nurl=http://sid/{arch}\n[debian/bookworm/arm64]\nurl=http://arm\n"
          "[debian/buster]\nurl=http://old/{number}\n[ubuntu]\nurl=http://u/{number}\n");
  assert_url ("debian/13", "http://d/trixie/13-amd64");
  assert_url ("debian/trixie/arm64", "http://d/trixie/13-arm64");
  assert_url ("debian/sid", "http://sid/amd64");
  assert_url ("debian/unstable/s390x", "http://sid/s390x");
  assert_url ("debian/12/arm64", "http://arm");
  assert_url ("debian/10", "http://old/10");
  assert_url ("debian/testing", "http://dev/forky");
  assert_url ("ubuntu/noble", "http://u/24.04");
  assert_fails ("debian/99", VQ_ERROR_MISSING, "99");
  assert_fails ("Debian/13", VQ_ERROR_MISSING, "a system is called as in debian/13");
  assert_fails ("debian/13/Ärm", VQ_ERROR_USAGE, "architecture");
  assert_fails ("debian", VQ_ERROR_USAGE, "{series}");
}

/* Nothing of the earlier group is left. */
TEST (a_later_file_counts)
{
  g_autoptr (VqKnownImage) image = NULL;

  put (0, "[my/disk]\nurl=http://a\nsums=true\n[other]\nurl=http://o\n");
  image = find ("my/disk", NULL);
  ck_assert (image->needs_sums);
  g_clear_pointer (&image, vq_known_image_free);
  put (2, "[my/disk]\nurl=http://b/{arch}\n");
  assert_url ("my/disk", "http://b/amd64");
  assert_url ("other", "http://o");
  image = find ("my/disk", NULL);
  ck_assert (!image->needs_sums);
}

TEST (a_keyring_counts_if_it_is_there)
{
  g_autofree char *text = g_strdup_printf (
      "[a]\nurl=http://a\nkeyring=%s\n[b]\nurl=http://b\nkeyring=/nowhere\n", files[0]);
  g_autoptr (VqKnownImage) a = NULL;
  g_autoptr (VqKnownImage) b = NULL;

  put (0, text);
  a = find ("a", NULL);
  b = find ("b", NULL);
  ck_assert_str_eq (a->keyring, files[0]);
  ck_assert_ptr_null (b->keyring);
}

TEST (what_is_wrong)
{
  static const struct
  {
    const char *text;
    const char *said;
  } cases[] = {
    { "[x\n", "cannot read" },
    { "[x]\nsums=true\n", "url" },
    { "[x]\nurl=http://x/{number}\n", "{number}" },
    { "[x]\nurl=http://x\nsums=maybe\n", "sums" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      put (2, cases[i].text);
      assert_fails ("x", VQ_ERROR_USAGE, cases[i].said);
    }
  put (2, "");
  assert_fails ("x", VQ_ERROR_MISSING, files[2]);
}

/* The file that is installed: its addresses are complete, and of https. */
TEST (ours)
{
  static const char *const names[]
      = { "debian/12", "debian/13/arm64", "debian/sid", "debian/testing", "ubuntu/24.04" };
  const char *const only[] = { OURS, NULL };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (VqKnownImage) image = vq_known_image_find (names[i], "amd64", only, &error);

      ck_assert_msg (image != NULL, "%s", error != NULL ? error->message : "");
      ck_assert (g_str_has_prefix (image->url, "https://"));
      ck_assert_ptr_null (strchr (image->url, '{'));
      ck_assert (image->needs_sums);
    }
}
