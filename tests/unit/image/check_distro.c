// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/distro.h"

#include <check.h>
#include <string.h>

#include "base/error.h"
#include "image/os-name.h"
#include "leaks.h"
#include "suite.h"
#include "tree.h"

static const char debian[]
    = "version,codename,series,created,release,eol,eol-lts,eol-elts\n"
      "10,Buster,buster,2017-06-17,2019-07-06,2022-09-10,2024-06-30,2029-06-30\n"
      "11,Bullseye,bullseye,2019-07-06,2021-08-14,2024-08-14,2026-08-31,2031-06-30\n"
      "12,Bookworm,bookworm,2021-08-14,2023-06-10,2026-07-11,2028-06-30\n"
      "13,Trixie,trixie,2023-06-10,2025-08-09,2028-08-09,2030-06-30,2035-06-30\n"
      "14,Forky,forky,2025-08-09\n"
      "15,Duke,duke,2027-08-01\n"
      ",Sid,sid,1993-08-16\n"
      ",Experimental,experimental,1993-08-16\n,RC-Buggy,rc-buggy,1993-08-16\n";

static const char ubuntu[]
    = "version,codename,series,created,release,eol,eol-server,eol-esm\n"
      "24.04 LTS,Noble Numbat,noble,2023-10-12,2024-04-25,2029-05-31,2029-05-31,2034-04-25\n"
      "25.10,Questing Quokka,questing,2025-04-17,2025-10-09,2026-07-09\n"
      "26.04 LTS,Resolute Raccoon,resolute,2025-10-09,2026-04-23,2031-05-29,2031-05-29\n"
      "26.10,Stonking,stonking,2026-04-23,2026-10-15,2027-07-15\n"
      "27.04,Next,next,2026-10-15,2027-04-15,2028-01-15\n";

static char *top;

static void
put (const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (top, name, NULL);

  ck_assert (g_file_set_contents (path, text, -1, NULL));
}

static void
setup (void)
{
  leaks_begin ();
  top = g_dir_make_tmp ("vq-distro-XXXXXX", NULL);
  ck_assert_ptr_nonnull (top);
  put ("debian.csv", debian);
  put ("ubuntu.csv", ubuntu);
}

static void
teardown (void)
{
  tree_remove (top);
  g_clear_pointer (&top, g_free);
  leaks_assert_none ();
}

/* The file that NAME means on the day TODAY, or NULL with *ERROR set. */
static char *
find (const char *name, const char *today, GError **error)
{
  g_autoptr (GPtrArray) releases = vq_distro_list (top, today, NULL);
  g_autoptr (VqOsName) os = NULL;

  ck_assert_ptr_nonnull (releases);
  os = vq_os_name_parse (name, releases, "amd64", error);
  return os != NULL ? vq_os_name_get_file (os) : NULL;
}

CASE ("distro", setup, teardown, 20)

TEST (names)
{
  static const struct
  {
    const char *today, *name, *file;
  } cases[] = {
    { "2026-11-28", "debian/13", "debian-trixie-amd64.qcow2" },
    { "2026-11-28", "debian/trixie", "debian-trixie-amd64.qcow2" },
    { "2026-11-28", "debian/stable", "debian-trixie-amd64.qcow2" },
    { "2026-11-28", "debian/oldstable", "debian-bookworm-amd64.qcow2" },
    { "2026-11-28", "debian/lts", "debian-bookworm-amd64.qcow2" },
    { "2026-11-28", "debian/testing", "debian-forky-amd64.qcow2" },
    { "2026-11-28", "debian/sid", "debian-sid-amd64.qcow2" },
    { "2026-11-28", "debian/unstable/arm64", "debian-sid-arm64.qcow2" },
    { "2026-11-28", "debian/10", "debian-buster-amd64.qcow2" },
    { "2026-11-28", "ubuntu/lts", "ubuntu-resolute-amd64.qcow2" },
    { "2026-11-28", "ubuntu/24.04", "ubuntu-noble-amd64.qcow2" },
    { "2026-11-28", "ubuntu/stable", "ubuntu-stonking-amd64.qcow2" },
    { "2026-11-28", "ubuntu/devel", "ubuntu-next-amd64.qcow2" },
    /* the day before a release, and that day */
    { "2025-08-08", "debian/stable", "debian-bookworm-amd64.qcow2" },
    { "2025-08-08", "debian/testing", "debian-trixie-amd64.qcow2" },
    { "2025-08-09", "debian/stable", "debian-trixie-amd64.qcow2" },
    { "2025-08-09", "debian/testing", "debian-forky-amd64.qcow2" },
    /* two that are not released */
    { "2027-08-02", "debian/testing", "debian-forky-amd64.qcow2" },
    { "2026-07-10", "debian/lts", "debian-bullseye-amd64.qcow2" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *file = find (cases[i].name, cases[i].today, NULL);

      ck_assert_msg (g_strcmp0 (file, cases[i].file) == 0, "%s on %s: %s", cases[i].name,
                     cases[i].today, file);
    }
}

TEST (names_that_are_wrong)
{
  static const struct
  {
    const char *name, *said;
  } cases[] = {
    { "fedora/40", "\"fedora\" is not debian or ubuntu" },
    { "debian/potato", "debian has no release \"potato\"; it has sid, forky, trixie, bookworm" },
    { "debian/15", "no release \"15\"" },
    { "debian/experimental", "no release" },
    { "debian/rc-buggy", "no release" },
    { "ubuntu/13", "ubuntu has no release \"13\"; it has next, stonking, resolute, noble" },
    { "debian/a\033[1mb", "no release \"ab\"" },
    { "debian/13/../../x", "is not DISTRO/RELEASE" },
    { "debian/13/x86_64", "is not an architecture" },
    { "debian", "is not DISTRO/RELEASE" },
    { "debian/", "is not DISTRO/RELEASE" },
    { "/13", "is not DISTRO/RELEASE" },
    { "", "is not DISTRO/RELEASE" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      ck_assert_ptr_null (find (cases[i].name, "2026-11-28", &error));
      ck_assert_msg (strstr (error->message, cases[i].said) != NULL, "%s: %s", cases[i].name,
                     error->message);
      ck_assert_int_eq (error->code, strstr (cases[i].said, "no release") != NULL ? VQ_ERROR_MISSING
                                                                                  : VQ_ERROR_USAGE);
    }
}

TEST (what_has_the_form)
{
  ck_assert (vq_os_name_matches ("debian/13"));
  ck_assert (vq_os_name_matches ("ubuntu/x/y"));
  ck_assert (!vq_os_name_matches ("debian"));
  ck_assert (!vq_os_name_matches ("debian/13/amd64/x"));
  ck_assert (!vq_os_name_matches ("./debian/13"));
  ck_assert (!vq_os_name_matches ("debian/../x"));
  ck_assert (!vq_os_name_matches ("/debian/13"));
  ck_assert (!vq_os_name_matches ("debian//13"));
  ck_assert (!vq_os_name_matches ("images/13"));
  ck_assert_ptr_null (vq_os_name_from_file ("sha256-12-a.qcow2"));
  ck_assert_ptr_null (vq_os_name_from_file ("debian-sid-amd64.qcow2.lock"));
}

/* A line may be short, empty, of Windows, or of another kind of list. */
TEST (odd_lists)
{
  static const char *const texts[]
      = { "", "\n\n", ",,,\n,,,\n", "version,series\n13,trixie\n", "series,created\nx\n\n,\n" };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) error = NULL;

      put ("debian.csv", texts[i]);
      ck_assert_ptr_null (find ("debian/13", "2026-11-28", &error));
      ck_assert_ptr_nonnull (strstr (error->message, "no release \"13\""));
    }
}

TEST (no_list)
{
  g_autoptr (GError) error = NULL;

  ck_assert_ptr_null (vq_distro_list ("/nonexistent", NULL, &error));
  ck_assert_ptr_nonnull (strstr (error->message, "install the package distro-info-data"));
  ck_assert (vq_error_is_missing (error));
}

TEST (states)
{
  static const char *const states[]
      = { "development", "development", "supported", "lts", "ended", "ended" };
  g_autoptr (GPtrArray) releases = vq_distro_list (top, "2026-11-28", NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (states); i++)
    ck_assert_str_eq (vq_distro_get_state (releases->pdata[i]), states[i]);
  ck_assert_str_eq (((VqDistroRelease *)releases->pdata[3])->end, "2028-06-30");
}
