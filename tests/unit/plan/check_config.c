// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/config.h"

#include <check.h>
#include <string.h>

#include <glib/gstdio.h>

#include "base/error.h"
#include "plan/option.h"
#include "suite.h"

static char *directory;

static void
set_up (void)
{
  directory = g_dir_make_tmp ("check-config-XXXXXX", NULL);
  ck_assert (directory != NULL);
}

static void
tear_down (void)
{
  g_autofree char *path = g_build_filename (directory, "config", NULL);
  g_autofree char *deeper = g_build_filename (directory, "virt-qemu", NULL);
  g_autofree char *user = g_build_filename (deeper, "config", NULL);

  g_unsetenv ("VIRT_QEMU_CONFIG");
  (void)g_remove (path);
  (void)g_remove (user);
  (void)g_remove (deeper);
  ck_assert_int_eq (g_rmdir (directory), 0);
  g_clear_pointer (&directory, g_free);
}

static void
use_file (const char *text)
{
  g_autofree char *path = g_build_filename (directory, "config", NULL);

  ck_assert (g_file_set_contents (path, text, -1, NULL));
  g_setenv ("VIRT_QEMU_CONFIG", path, TRUE);
}

static VqOptions *
parse (const char *line, GError **error)
{
  g_auto (GStrv) words = g_strsplit (line, " ", -1);
  VqOptions *options;

  ck_assert_int_eq (
      vq_options_parse ((int)g_strv_length (words), (const char *const *)words, &options, error),
      options != NULL ? VQ_OPTIONS_RUN : VQ_OPTIONS_ERROR);
  return options;
}

CASE ("config", set_up, tear_down, 0)

#define TWO "[default]\ncpus=2\nshared-dir=src=/,dst=/a;src=/,dst=/b\n"

/* A file, a command line, and what the first adds to the second. */
static const struct
{
  const char *file;
  const char *line;
  const char *added;
} good[] = {
  { "", "ng x", "" },
  { "# nothing\n", "ng x", "" },
  { "[default]\n", "ng x", "" },
  { TWO, "ng x", "--cpus=2 --shared-dir=src=/,dst=/a --shared-dir=src=/,dst=/b" },
  { TWO, "ng -c 3 x", "--shared-dir=src=/,dst=/a --shared-dir=src=/,dst=/b" },
  { TWO, "ng --shared-dir=src=/,dst=/c x", "--cpus=2" },
  { TWO, "ng --instance=web", "" },
  { "[default]\nuser=u\ndebug=true", "ng --instance=web", "--user=u --debug" },
  { "[default]\nbaseimage=true\nshow-boot=false\n", "ng x", "--baseimage" },
  { "[default]\nuser=\npassword=", "ng x", "--user= --password=" },
  { "[default]\nqemu-options=-device a;b", "ng x", "--qemu-options=-device a;b" },
  { "[default]\nallow-backing=/a\\;b;/c", "ng x", "--allow-backing=/a;b --allow-backing=/c" },
  { "[default]\ncpus=2\ncpus=3", "ng x", "--cpus=3" },
  { "[default]\ndisk=size=1G\nboot=bios\nqemu-architecture=i386",
    "ng --disks=1 --efi --dpkg-architecture=amd64 x", "" },
  { "[image sid*]\ncpus=4\n[default]\ncpus=2\nuser=u", "ng /srv/sid.img", "--user=u --cpus=4" },
  { "[image sid*]\ncpus=4\n[default]\ncpus=2", "ng /sid/x.img", "--cpus=2" },
  { "[image /sid/*]\ncpus=4\n[image *]\ncpus=5", "ng /sid/x.img", "--cpus=5" },
  { "[image debian/1?]\nspare=off", "ng debian/13", "--spare=off" },
  { "[image a]\nbaseimage=false\n[default]\nbaseimage=true", "ng a", "" },
};

TEST_LOOP (test_what_is_added, 0, G_N_ELEMENTS (good))
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VqOptions) options = NULL;
  g_autofree char *added = NULL;

  use_file (good[_i].file);
  options = parse (good[_i].line, &error);
  ck_assert_msg (options != NULL, "%s: %s", good[_i].file, error != NULL ? error->message : "");
  added = g_strjoinv (" ", options->from_files);
  ck_assert_str_eq (added, good[_i].added);
}

static const struct
{
  const char *file;
  const char *message;
} bad[] = {
  { "[default]\ncpus=many", "config: [default]: option -c/--cpus: " },
  { "[default]\ncpu=2", "config: [default]: cpu: there is no option --cpu" },
  { "[default]\nc=2", "config: [default]: c: there is no option --c" },
  { "[default]\ninstance=web", "config: [default]: instance: --instance is only for a command" },
  { "[default]\nhelp=true", "config: [default]: help: --help is only for a command line" },
  { "[default]\nbaseimage=yes", "config: [default]: baseimage: \"yes\" is neither true nor" },
  { "[default]\noverlay-dir=", "config: [default]: option -o/--overlay-dir: the value is empty" },
  { "[default]\nuser=\\q", "config: [default]: user: " },
  { "[image other]\ncpu=2", "config: [image other]: cpu: there is no option --cpu" },
  { "[images]\ncpus=2", "config: there is no group [images], but [default] and [image PATTERN]" },
  { "cpus=2", "config: " },
  { "[default]\nuser=\xff", "config: [default]: user: " },
};

TEST_LOOP (test_bad_file, 0, G_N_ELEMENTS (bad))
{
  g_autoptr (GError) error = NULL;

  use_file (bad[_i].file);
  ck_assert_ptr_null (parse ("ng x", &error));
  ck_assert (g_error_matches (error, VQ_ERROR, VQ_ERROR_USAGE));
  ck_assert_msg (strstr (error->message, bad[_i].message) != NULL, "%s", error->message);
}

/* Nothing is read for a machine whose record says all. */
TEST (test_recorded)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VqOptions) options = NULL;

  use_file (TWO);
  ck_assert_int_eq (
      vq_options_parse_recorded (2, (const char *const[]){ "x", "image", NULL }, &options, &error),
      VQ_OPTIONS_RUN);
  ck_assert_int_eq (options->cpus, 1);
}

/* The user's own file; that of the host may say more. */
TEST (test_of_the_user)
{
  g_autofree char *deeper = g_build_filename (directory, "virt-qemu", NULL);
  g_autofree char *path = g_build_filename (deeper, "config", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (VqOptions) options = NULL;

  g_unsetenv ("VIRT_QEMU_CONFIG");
  g_setenv ("XDG_CONFIG_HOME", directory, TRUE);
  ck_assert_int_eq (g_mkdir (deeper, 0700), 0);
  ck_assert (g_file_set_contents (path, "[default]\ncpus=7\n", -1, NULL));
  options = parse ("ng x", &error);
  ck_assert_int_eq (options->cpus, 7);
}

TEST (test_none)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VqOptions) options = NULL;

  g_setenv ("VIRT_QEMU_CONFIG", "", TRUE);
  options = parse ("ng x", &error);
  ck_assert_ptr_null (options->from_files[0]);
  g_setenv ("VIRT_QEMU_CONFIG", "/nonexistent/config", TRUE);
  ck_assert_ptr_null (parse ("ng x", &error));
  ck_assert_msg (strstr (error->message, "/nonexistent/config: ") != NULL, "%s", error->message);
}
