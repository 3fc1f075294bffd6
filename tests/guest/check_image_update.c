// SPDX-License-Identifier: GPL-2.0-or-later
/* virt-qemu image update with a real guest: the image of the other tests, in which a package is
 * older than the one in a repository on its own disk. */
#include <check.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process.h"
#include "server-client.h"
#include "suite.h"

/* Seconds for a boot, an upgrade, qemu-img, and a template. */
#define LONG 1500

#define IMAGES "cache/virt-qemu/images"
#define OLD "sha256-0000000000000000000000000000000000000000000000000000000000000001.qcow2"

/* Where virt-qemu-build lets the root file system begin: 17 MiB. */
#define ROOT "?offset=17825792"

static char *dir;
static char *home;
static char *program;

/* Makes the package "older" of both versions, the repository with the second, and the image in
 * which the first is installed. "?" stands for where the root file system is in a disk. */
static const char make_image[]
    = "set -e\n"
      "for v in 1 2; do\n"
      "  mkdir -p $v/DEBIAN $v/usr/share/older; echo $v >$v/usr/share/older/version\n"
      "  printf 'Package: older\\nVersion: %s\\nArchitecture: all\\nMaintainer: n <n@n>\\n"
      "Description: a test\\n' $v >$v/DEBIAN/control\n"
      "  dpkg-deb --root-owner-group -b $v $v.deb >/dev/null\n"
      "done\n"
      "{ dpkg-deb -f 2.deb; echo Filename: ./2.deb; echo Size: $(stat -c %s 2.deb)\n"
      "  echo SHA256: $(sha256sum 2.deb | cut -c1-64); } >Packages\n"
      "echo 'deb [trusted=yes] file:/srv/older ./' >sources.list\n"
      "qemu-img convert -O raw \"$1\" raw\n"
      "debugfs -R 'dump /var/lib/dpkg/status status' \"raw$3\" 2>/dev/null\n"
      "{ dpkg-deb -f 1.deb; echo Status: install ok installed; echo; } >>status\n"
      "printf '%s\\n' /. /usr /usr/share /usr/share/older /usr/share/older/version >list\n"
      "printf '%s\\n' 'cd /var/lib/dpkg' 'rm status' 'write status status' 'cd info' \\\n"
      "  'write list older.list' 'cd /etc/apt' 'rm sources.list' 'write sources.list sources.list' "
      "\\\n"
      "  'mkdir /srv/older' 'cd /srv/older' 'write Packages Packages' 'write 2.deb 2.deb' >words\n"
      "debugfs -w -f words \"raw$3\" >debugfs.log 2>&1\n"
      "qemu-img convert -f raw -O qcow2 raw \"$2\"\n"
      "rm raw; chmod 400 \"$2\"; (umask 077; : >\"$2.lock\")\n";

static void
setup (void)
{
  g_autofree char *server = realpath (server_get_program (), NULL);
  g_autofree char *built = g_path_get_dirname (server);
  g_autofree char *image = realpath (server_get_image (), NULL);
  g_autofree char *cache = NULL;

  program = g_build_filename (built, "virt-qemu", NULL);
  home = g_get_current_dir ();
  dir = g_dir_make_tmp ("vq-update-XXXXXX", NULL);
  ck_assert_int_eq (g_chdir (dir), 0);
  ck_assert_int_eq (g_mkdir_with_parents (IMAGES, 0700), 0);
  ck_assert_int_eq (g_mkdir ("tmp", 0700), 0);
  cache = g_build_filename (dir, "cache", NULL);
  ck_assert (g_setenv ("XDG_CACHE_HOME", cache, TRUE));
  g_free (process_output (
      (const char *[]){ "sh", "-c", make_image, "sh", image, IMAGES "/" OLD, ROOT, NULL },
      A_WHILE));
  ck_assert_int_eq (symlink (OLD, IMAGES "/debian-bookworm-amd64.qcow2"), 0);
}

static void
teardown (void)
{
  ck_assert_int_eq (g_chdir (home), 0);
  process_remove_tree (dir);
  g_clear_pointer (&dir, g_free);
  g_clear_pointer (&home, g_free);
  g_clear_pointer (&program, g_free);
}

static guint
count_files (const char *directory)
{
  g_autoptr (GDir) opened = g_dir_open (directory, 0, NULL);
  guint n = 0;

  while (opened != NULL && g_dir_read_name (opened) != NULL)
    n++;
  return n;
}

/* Runs the update and asserts that it says PART on stderr. Gives the path that it prints. Transfer
 * full. */
static char *
update (const char *option, const char *part)
{
  int out = process_new_file ();
  int err = process_new_file ();
  const char *const argv[]
      = { program, "image", "update", "--accel=tcg", "--ram-size=1024", option, "debian/12", NULL };
  pid_t pid = process_spawn (argv, &(ProcessSetup){ .in = -1, .out = out, .err = err });
  int status;
  gboolean ended = process_wait (pid, LONG, &status);
  char *path = process_read_file (out, NULL);
  g_autofree char *said = process_read_file (err, NULL);

  ck_assert_msg (ended && status == 0 && strstr (said, part) != NULL, "%s", said);
  close (out);
  close (err);
  return g_strchomp (path);
}

/* Starts an update, and kills it while apt runs. */
static void
kill_one (void)
{
  const char *const argv[] = { program,           "image",         "update",    "--accel=tcg",
                               "--ram-size=1024", "--no-template", "debian/12", NULL };
  g_autoptr (GString) said = g_string_new (NULL);
  int ends[2];
  pid_t pid;
  int status;
  char c;

  ck_assert_int_eq (pipe2 (ends, O_CLOEXEC), 0);
  pid = process_spawn (argv, &(ProcessSetup){ .in = -1, .out = -1, .err = ends[1] });
  close (ends[1]);
  while (strstr (said->str, "upgrading its packages") == NULL)
    {
      ck_assert_msg (read (ends[0], &c, 1) == 1, "%s", said->str);
      g_string_append_c (said, c);
    }
  ck_assert_int_eq (kill (pid, SIGTERM), 0);
  ck_assert (process_wait (pid, A_WHILE, &status));
  ck_assert_int_ne (status, 0);
  close (ends[0]);
}

/* The version of the package in IMAGE. Transfer full. */
static char *
read_version (const char *image)
{
  static const char script[] = "qemu-img convert -O raw \"$1\" raw && "
                               "debugfs -R 'cat /usr/share/older/version' \"raw$2\" 2>/dev/null";

  return process_output ((const char *[]){ "sh", "-c", script, "sh", image, ROOT, NULL }, A_WHILE);
}

static void
write_file (const char *path, const char *text)
{
  ck_assert (g_file_set_contents (path, text, -1, NULL));
}

CASE ("image-update", setup, teardown, 2 * LONG)

/* A disk needs the old image as long as it exists. */
TEST (upgraded)
{
  g_autofree char *disk = g_build_filename (dir, "disk", NULL);
  g_autofree char *line = g_strconcat (disk, "\n", NULL);
  g_autofree char *path = NULL;
  g_autofree char *again = NULL;
  g_autofree char *real = NULL;
  g_autofree char *version = NULL;

  kill_one ();
  ck_assert_uint_eq (count_files (IMAGES), 3);
  write_file (disk, "");
  write_file (IMAGES "/" OLD ".lock", line);
  path = update ("--cpus=1", "making the template");
  real = realpath (IMAGES "/debian-bookworm-amd64.qcow2", NULL);
  ck_assert_str_eq (path, real);
  version = read_version (path);
  ck_assert_str_eq (version, "2\n");
  ck_assert_uint_eq (count_files (IMAGES), 5);
  ck_assert (g_file_test (IMAGES "/" OLD, G_FILE_TEST_EXISTS));
  ck_assert_uint_eq (count_files ("cache/virt-qemu/templates"), 1);
  again = update ("--no-template", "there is nothing to upgrade: the image stays as it is");
  ck_assert_str_eq (again, path);
  ck_assert_uint_eq (count_files (IMAGES), 5);
}
