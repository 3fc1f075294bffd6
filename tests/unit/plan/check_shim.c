// SPDX-License-Identifier: GPL-2.0-or-later
/* The server under the name of autopkgtest's own, as programs start it that have that name built
 * in. No machine is booted. */
#include <check.h>
#include <string.h>
#include <sys/wait.h>

#include "leaks.h"
#include "suite.h"
#include "tree.h"

#define THEIRS "autopkgtest-virt-qemu"

static char *directory;
static char **environment;
static char *out;
static char *err;

static void
forget (void)
{
  g_clear_pointer (&out, g_free);
  g_clear_pointer (&err, g_free);
}

/* Runs a shell's line in the directory of the test. */
static int
run (const char *line)
{
  const char *const argv[] = { "/bin/sh", "-c", line, NULL };
  int status;

  forget ();
  ck_assert (g_spawn_sync (directory, (char **)argv, environment, 0, NULL, NULL, &out, &err,
                           &status, NULL));
  ck_assert (WIFEXITED (status));
  return WEXITSTATUS (status);
}

static void
setup (void)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *here = g_path_get_dirname (self);
  g_autofree char *path = g_strdup_printf ("%s/../shim:%s", here, g_getenv ("PATH"));

  leaks_begin ();
  directory = g_dir_make_tmp ("vq-shim-XXXXXX", NULL);
  ck_assert_ptr_nonnull (directory);
  environment = g_environ_setenv (g_get_environ (), "PATH", path, TRUE);
  ck_assert_int_eq (run ("qemu-img create -q -f qcow2 image 64M"), 0);
}

static void
teardown (void)
{
  tree_remove (directory);
  g_clear_pointer (&directory, g_free);
  g_clear_pointer (&environment, g_strfreev);
  forget ();
  leaks_assert_none ();
}

CASE ("shim", setup, teardown, 120)

static int
serve (const char *options)
{
  g_autofree char *line = g_strdup_printf (
      "printf 'capabilities\\nquit\\n' | " THEIRS " --accel=tcg %s image", options);

  return run (line);
}

/* The options of autopkgtest-virt-qemu 5.28 to 6.0, in the ways in which they can be written. */
TEST (options)
{
  static const char *const options[]
      = { "",
          "--qemu-architecture x86_64 --dpkg-architecture=amd64",
          "-q qemu-system-x86_64 -o . -u root -p secret -c 2 -d",
          "--qemu-command=qemu-system-x86_64 --overlay-dir=. --user=root --password=x --cpus=2",
          "--ram-size=512 --timeout-reboot=5 --show-boot --debug",
          "--qemu-options='-nodefaults -cpu max' --baseimage",
          "--boot=auto",
          "--boot bios",
          "--efi",
          "--timeout-poweroff=5 --shared-dir=src=.,dst=/srv" };

  for (gsize i = 0; i < G_N_ELEMENTS (options); i++)
    {
      ck_assert_msg (serve (options[i]) == 0, "%s: %s", options[i], err);
      ck_assert_msg (strncmp (out, "ok\nok isolation-machine reboot revert", 37) == 0, "%s: %s",
                     options[i], out);
      ck_assert_msg (g_str_has_suffix (out, "\nok\n"), "%s: %s", options[i], out);
    }
}

/* So does sbuild-qemu of Debian 12. */
TEST (underscore)
{
  ck_assert_int_eq (serve ("--overlay_dir=."), 2);
  ck_assert_str_eq (out, "");
  ck_assert_ptr_nonnull (strstr (err, "--overlay_dir=.: it is called --overlay-dir\n"));
}

/* Each long option in the --help of the server that autopkgtest brings along is in ours, too. */
TEST (all_options)
{
  ck_assert_int_eq (
      run ("for path in /usr/bin/" THEIRS ".distrib /usr/bin/" THEIRS "; do"
           "  if [ -e $path ]; then $path --help | grep -o -e '--[a-z-]*'; break; fi; done |"
           " sort -u | while read -r option; do"
           "  " THEIRS " --help | grep -q -e \"^ .*$option[=[:blank:]]\" || echo $option;"
           "  echo seen >&2; done"),
      0);
  ck_assert_str_eq (out, "");
  ck_assert_ptr_nonnull (strstr (err, "seen\nseen\nseen\nseen\nseen\nseen\nseen\nseen\n"));
}

/* autopkgtest looks on PATH for the server that it is told. */
TEST (autopkgtest)
{
  ck_assert_int_ne (run ("autopkgtest gzip -- qemu --accel=tcg ./none.qcow2"), 0);
  ck_assert_ptr_nonnull (strstr (err, "autopkgtest-virt-qemu-ng: error: "));
  ck_assert_ptr_nonnull (strstr (err, "none.qcow2"));
}
