// SPDX-License-Identifier: GPL-2.0-or-later
/* virt-qemu image list, remove and prune, and addresses in place of images, as people start them.
 */
#include <check.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "cli-run.h"
#include "image/image-hold.h"
#include "io/use-lock.h"
#include "pull-setup.h"
#include "suite.h"

#define HOUR 3600

static void
setup (void)
{
  g_autofree char *state = NULL;
  g_autofree char *runtime = NULL;

  pull_setup ();
  state = g_build_filename (pull_base, "state", NULL);
  runtime = g_build_filename (pull_base, "run", NULL);
  ck_assert (g_setenv ("VIRT_QEMU_STATE_DIR", state, TRUE));
  ck_assert (g_setenv ("VIRT_QEMU_RUNTIME_DIR", runtime, TRUE));
}

static void
set_used (const char *path, int hours)
{
  const struct timespec times[2]
      = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = time (NULL) - hours * HOUR } };
  g_autofree char *lock = g_strconcat (path, ".lock", NULL);

  ck_assert_int_eq (utimensat (AT_FDCWD, lock, times, 0), 0);
}

/* Fetches the disk NAME, which was used so many HOURS ago, and gives its path. Transfer full. */
static char *
fetch (const char *name, guint seed, int hours)
{
  char *path;

  pull_put_disk (name, seed);
  pull_expect (0, "--no-sums", name, ".raw");
  path = g_strdup (cli_out);
  set_used (path, hours);
  return path;
}

static gboolean
exists (const char *path)
{
  return g_file_test (path, G_FILE_TEST_EXISTS);
}

/* Runs BEGIN, with REST (may be NULL) as a last word. */
static int
run (const char *begin, const char *rest)
{
  g_autofree char *line = g_strjoin (" ", begin, rest, NULL);

  return cli_run (line);
}

CASE ("verb-image-cache", setup, pull_teardown, 60)

TEST (list)
{
  g_autofree char *a = NULL;
  g_autofree char *b = NULL;
  g_autofree char *url = pull_get_url ("b");
  g_autofree char *name = NULL;
  int held;

  pull_expect_line (0, "list", "");
  cli_assert_in (cli_err, "the cache has no images");
  a = fetch ("a", 2, 5);
  b = fetch ("b", 3, 30);
  name = g_path_get_basename (b);
  pull_expect_line (0, "list", url);
  cli_assert_in (cli_out, "  5 h  ");
  cli_assert_in (cli_out, "  unused  ");
  pull_expect_line (0, "list --format=names", name);
  ck_assert (strstr (cli_out, "sha256-") < strstr (cli_out, name));
  ck_assert (vq_image_hold_take (a, &held, NULL));
  pull_expect_line (0, "list --format=json", "\"in_use\" : true");
  cli_assert_in (cli_out, "\"in_use\" : false");
  close (held);
  pull_expect_line (2, "list x", "too many");
  pull_expect_line (2, "list --older=1d", "does not have it");
  pull_expect_line (2, "list --format=x", "table, json or names");
}

TEST (removing)
{
  g_autofree char *a = fetch ("a", 2, 0);
  g_autofree char *b = fetch ("b", 3, 0);
  g_autofree char *c = fetch ("c", 4, 0);
  g_autofree char *url = pull_get_url ("a");
  g_autofree char *digits = g_strndup (strstr (b, "sha256-") + 7, 12);
  vq_autofd int held = -1;

  ck_assert (vq_image_hold_take (a, &held, NULL));
  ck_assert_int_eq (run ("image remove", url), 4);
  cli_assert_in (cli_err, "is in use");
  ck_assert (exists (a));
  vq_fd_clear (&held);
  ck_assert_int_eq (run ("image remove nothing", digits), 3);
  ck_assert (exists (b));
  ck_assert_int_eq (run ("image remove", url), 0);
  ck_assert_int_eq (run ("image remove", digits), 0);
  ck_assert_int_eq (run ("image remove", c), 0);
  ck_assert (!exists (a) && !exists (b) && !exists (c));
  pull_expect_line (2, "remove", "which image?");
  pull_expect_line (3, "remove sha256-", "no image");
  pull_expect_line (0, "list --format=json", "[]");
  pull_expect (0, "--no-sums --format=json", "a", "\"fetched\" : true");
}

/* The error says which template, and what removes it. */
TEST_LOOP (needed_by_a_template, 0, 2)
{
  static const char *const keys[]
      = { "0123456789abcdef0123456789abcdef", "of somebody else's choice" };
  g_autofree char *a = fetch ("a", 2, 0);
  g_autofree char *template = g_build_filename (pull_base, "templates", keys[_i], NULL);
  g_autofree char *disk = g_build_filename (template, "disk", NULL);
  g_autofree char *said = g_strdup_printf (
      "in use by %s: \"virt-qemu template remove --template-dir='%s/templates' %s\" removes", disk,
      pull_base, keys[_i]);

  ck_assert_int_eq (g_mkdir_with_parents (template, 0700), 0);
  ck_assert (g_file_set_contents (disk, "", 0, NULL));
  vq_image_hold_note (a, disk);
  ck_assert_int_eq (run ("image remove", a), 4);
  cli_assert_in (cli_err, disk);
  ck_assert_int_eq (strstr (cli_err, said) != NULL, _i == 0);
}

/* A built image is one to which the name of its system leads. */
TEST (systems)
{
  g_autofree char *a = fetch ("a", 2, 0);
  g_autofree char *link = g_build_filename (pull_cache, "debian-trixie-amd64.qcow2", NULL);
  g_autofree char *name = g_path_get_basename (a);
  char target[8];

  ck_assert_int_eq (symlink (name, link), 0);
  pull_expect_line (3, "remove debian/12/amd64", "no image");
  pull_expect_line (3, "remove debian/99", "99");
  pull_expect_line (0, "remove debian/13/amd64", "");
  ck_assert (!exists (a));
  ck_assert_int_eq (readlink (link, target, sizeof target), -1);
}

/* Each takes 300 KB. */
TEST (pruning)
{
  g_autofree char *old = fetch ("old", 2, 50);
  g_autofree char *used = fetch ("used", 3, 40);
  g_autofree char *middle = fetch ("middle", 4, 30);
  g_autofree char *fresh = fetch ("fresh", 5, 1);
  g_autofree char *user = g_build_filename (pull_base, "user", NULL);

  ck_assert (g_file_set_contents (user, "", 0, NULL));
  vq_image_hold_note (used, user);
  set_used (used, 40);
  pull_expect_line (0, "prune", "removed 0 images, 0 B");
  pull_expect_line (0, "prune --max-size=1M", "removed 1 image, ");
  ck_assert (!exists (old) && exists (middle));
  pull_expect_line (0, "prune --max-size=0 --older=10h", "removed 1 image, ");
  ck_assert (!exists (middle) && exists (used) && exists (fresh));
  ck_assert_int_eq (g_unlink (user), 0);
  pull_expect_line (0, "prune --older=20h", "removed 1 image, ");
  ck_assert (!exists (used) && exists (fresh));
  pull_expect_line (2, "prune --max-size=5", "5");
}

/* What has come of an image goes after a week, if nobody is fetching it. */
TEST (parts_that_are_left)
{
  const struct timespec times[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };
  g_autofree char *url = pull_get_url ("cut:1000/disk");
  g_autofree char *hash = g_compute_checksum_for_string (G_CHECKSUM_SHA256, url, -1);
  g_autofree char *part = g_strdup_printf ("%s/url-%s.part", pull_cache, hash);

  pull_expect (1, "--no-sums", "cut:1000/disk", "only 1000");
  pull_expect_line (0, "list", "");
  cli_assert_in (cli_err, "4.0 KiB more are of images that were not completed");
  pull_expect_line (0, "prune --older=1h", "removed 0");
  ck_assert (exists (part));
  ck_assert_int_eq (utimensat (AT_FDCWD, part, times, 0), 0);
  pull_expect_line (0, "prune", "removed 0");
  ck_assert (!exists (part));
  pull_expect_line (0, "list", "");
  ck_assert_ptr_null (strstr (cli_err, "not completed"));
}

TEST (an_address_is_an_image)
{
  g_autofree char *disk = g_build_filename (pull_root, "disk", NULL);
  g_autofree char *url = pull_get_url ("disk");
  g_autofree char *file = g_strconcat ("file://", disk, NULL);
  g_autofree char *lost = pull_get_url ("lost");

  ck_assert_int_eq (run ("image info", url), 0);
  cli_assert_in (cli_out, "/images/sha256-");
  ck_assert_int_eq (run ("image info", file), 0);
  cli_assert_in (cli_out, disk);
  ck_assert_int_eq (run ("image info", lost), 3);
  ck_assert_int_eq (run ("image pull", file), 2);
  ck_assert_int_eq (g_unlink (disk), 0);
  ck_assert_int_eq (run ("image info", url), 0);
  cli_assert_in (cli_err, "the image that was fetched before is used");
  ck_assert_int_eq (run ("image pull", url), 3);
}

/* A name that stands for an address can be given wherever an image can, but a file of that name
 * counts more. */
TEST (a_known_name_is_an_image)
{
  g_autofree char *url = pull_get_url ("disk");
  g_autofree char *text = g_strdup_printf ("[my/disk]\nurl=%s\n[mine]\nurl=%s\n", url, url);
  g_autofree char *home = g_build_filename (pull_base, "config", NULL);
  g_autofree char *directory = g_build_filename (home, "virt-qemu", NULL);
  g_autofree char *file = g_build_filename (directory, "images.conf", NULL);
  g_autofree char *own = g_build_filename (pull_base, "mine.img", NULL);

  ck_assert (g_setenv ("XDG_CONFIG_HOME", home, TRUE));
  ck_assert (g_setenv ("IMAGEDIR", pull_base, TRUE));
  ck_assert_int_eq (cli_run ("create my/disk machine"), 3);
  ck_assert_int_eq (g_mkdir_with_parents (directory, 0700), 0);
  ck_assert (g_file_set_contents (file, text, -1, NULL));
  ck_assert_int_eq (cli_run ("create my/disk machine"), 0);
  ck_assert_int_eq (cli_run ("info machine --format=json"), 0);
  cli_assert_in (cli_out, "/images/sha256-");
  pull_expect_line (0, "info mine", "/images/sha256-");
  ck_assert (g_file_set_contents (own, "no image", -1, NULL));
  pull_expect_line (0, "info mine", "mine.img");
  ck_assert_int_eq (cli_run ("delete machine"), 0);
  g_unsetenv ("XDG_CONFIG_HOME");
  g_unsetenv ("IMAGEDIR");
}

TEST (names_that_are_no_addresses)
{
  pull_expect_line (2, "pull ftp://host/x", "\"ftp://host/x\": images are fetched over http and");
  pull_expect_line (1, "info ftp://host/x", "\"ftp://host/x\": images are fetched over http and");
  pull_expect_line (3, "info Debian/13", "there is no file Debian/13, and a system is called");
  pull_expect_line (3, "info debian/13/x/y", "there is no file debian/13/x/y, and a system is");
  pull_expect_line (3, "pull Debian/13", "a system is called as in debian/13");
  ck_assert_int_eq (cli_run ("create debian/../x"), 3);
  cli_assert_in (cli_err, "there is no file debian/../x, and a system is called");
}

/* It stays with the image that the address has led to, and keeps it. */
TEST (an_instance_of_an_address)
{
  g_autofree char *url = pull_get_url ("disk");

  g_autofree char *words = g_strconcat (url, " machine", NULL);

  ck_assert_int_eq (run ("create", words), 0);
  ck_assert_int_eq (cli_run ("info machine --format=json"), 0);
  cli_assert_in (cli_out, "/images/sha256-");
  ck_assert_int_eq (run ("image remove", url), 4);
  cli_assert_in (cli_err, "machine");
  ck_assert_int_eq (cli_run ("delete machine"), 0);
  ck_assert_int_eq (run ("image remove", url), 0);
}
