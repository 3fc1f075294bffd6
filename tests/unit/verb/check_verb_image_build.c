// SPDX-License-Identifier: GPL-2.0-or-later
/* virt-qemu image build, with a mmdebstrap that makes a small directory, and all else as it is. */
#include <check.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utime.h>

#include "cli-run.h"
#include "image/image-hold.h"
#include "suite.h"
#include "tree.h"

#define IMAGE "cache/virt-qemu/images/debian-sid-amd64.qcow2"
#define BUILD "image build debian/sid/amd64 --size=2G"

/* Its directory is $FAKE. "fail" is what it says before it fails; if there is "go", it tells
 * through the FIFO "started" that it runs, and waits until somebody opens "go". It runs the
 * scripts. */
static const char mmdebstrap[]
    = "#!/bin/sh\n"
      "[ \"$1\" != --unshare-helper ] || { shift; exec \"$@\"; }\n"
      "printf '%s\\n' \"$@\" >\"$FAKE/words\"; echo run >>\"$FAKE/runs\"\n"
      "[ ! -e \"$FAKE/fail\" ] || { cat \"$FAKE/fail\" >&2; exit 1; }\n"
      "mkdir \"$TMPDIR/mmdebstrap.gpghome.x\"\n"
      "[ ! -p \"$FAKE/go\" ] || { echo >\"$FAKE/started\"; cat \"$FAKE/go\"; }\n"
      "for word; do\n"
      "  case $word in */root) root=$word; grub=$root/usr/lib/grub/i386-pc; mkdir -p \"$grub\"; "
      "head -c 512 /dev/zero >\"$grub/boot.img\"; "
      "yes kernel | head -c 3M >\"$root/vmlinuz\" || exit ;; esac\n"
      "done\n"
      "for word; do\n"
      "  case $word in --customize-hook=*/hooks/[0-9]*) sh -c \"${word#*=}\" hook \"$root\" || "
      "exit ;; esac\n"
      "done\n";

static const char grub_mkimage[]
    = "#!/bin/sh\n"
      "for word; do case $word in --output=*) echo GRUB >\"${word#*=}\" ;; esac; done\n";

static char *top;
static char *home;
static char *old_path;

static void
put_program (const char *name, const char *text)
{
  ck_assert (g_file_set_contents (name, text, -1, NULL));
  ck_assert_int_eq (g_chmod (name, 0755), 0);
}

static void
set_in_top (const char *variable, const char *name)
{
  g_autofree char *path = g_build_filename (top, name, NULL);

  ck_assert_int_eq (g_mkdir_with_parents (path, 0700), 0);
  ck_assert (g_setenv (variable, path, TRUE));
}

static void
setup (void)
{
  g_autofree char *path = NULL;

  home = g_get_current_dir ();
  old_path = g_strdup (g_getenv ("PATH"));
  top = g_dir_make_tmp ("vq-build-XXXXXX", NULL);
  ck_assert_ptr_nonnull (top);
  ck_assert_int_eq (g_chdir (top), 0);
  set_in_top ("TMPDIR", "tmp");
  set_in_top ("XDG_CACHE_HOME", "cache");
  set_in_top ("FAKE", "fake");
  g_unsetenv ("VIRT_QEMU_MIRROR");
  put_program ("fake/mmdebstrap", mmdebstrap);
  put_program ("fake/grub-mkimage", grub_mkimage);
  put_program ("fake/arch-test", "#!/bin/sh\n[ \"$1\" = amd64 ]\n");
  path = g_strdup_printf ("%s/fake:%s", top, old_path);
  ck_assert (g_setenv ("PATH", path, TRUE));
}

static void
teardown (void)
{
  ck_assert_int_eq (g_chdir (home), 0);
  ck_assert (g_setenv ("PATH", old_path, TRUE));
  tree_remove (top);
  g_clear_pointer (&top, g_free);
  g_clear_pointer (&home, g_free);
  g_clear_pointer (&old_path, g_free);
  cli_run_clear ();
}

/* Runs virt-qemu LINE, which must end with STATUS and say PART. */
static void
expect (const char *line, int status, const char *part)
{
  int ended = cli_run (line);

  ck_assert_msg (ended == status, "%d: %s: %s%s", ended, line, cli_out, cli_err);
  cli_assert_in (status == 0 ? cli_out : cli_err, part);
}

static gboolean
exists (const char *name)
{
  return g_file_test (name, G_FILE_TEST_EXISTS);
}

static void
assert_empty (const char *directory)
{
  g_autoptr (GDir) dir = g_dir_open (directory, 0, NULL);
  const char *name = dir != NULL ? g_dir_read_name (dir) : NULL;

  ck_assert_msg (name == NULL, "there is %s in %s", name, directory);
}

static char *
read_file (const char *name)
{
  char *text;

  ck_assert (g_file_get_contents (name, &text, NULL, NULL));
  return text;
}

/* The cache has N images, with a lock beside each, and the name leads to one of them. */
static void
assert_kept (guint n)
{
  g_autoptr (GDir) dir = g_dir_open ("cache/virt-qemu/images", 0, NULL);
  g_autofree char *file = g_file_read_link (IMAGE, NULL);
  guint names = 0;

  ck_assert_ptr_nonnull (file);
  ck_assert_msg (exists (IMAGE) && g_str_has_prefix (file, "sha256-"), "%s", file);
  while (g_dir_read_name (dir) != NULL)
    names++;
  ck_assert_uint_eq (names, 2 * n + 1);
}

CASE ("verb-image-build", setup, teardown, 60)

/* What an old process, which was killed, has left goes, too. */
TEST (built)
{
  g_autofree char *words = NULL;
  g_autofree char *said = NULL;

  ck_assert_int_eq (g_mkdir ("tmp/virt-qemu-build.old", 0700), 0);
  ck_assert_int_eq (utime ("tmp/virt-qemu-build.old", &(struct utimbuf){ 1, 1 }), 0);
  put_program ("a script", "#!/bin/sh\nls \"$1\" >\"$FAKE/said\"\n");
  ck_assert_int_eq (
      cli_run_with (NULL,
                    (const char *[]){ "image", "build", "--size=2G", "debian/unstable/amd64",
                                      "--script=a script", "--packages=hello,ed",
                                      "--mirror=http://x/y", "--components=main,contrib", NULL }),
      0);
  cli_assert_in (cli_out, "/cache/virt-qemu/images/sha256-");
  cli_assert_in (cli_err, "fetching debian sid (amd64) from http://x/y");
  words = read_file ("fake/words");
  cli_assert_in (words, ",hello,ed\n");
  cli_assert_in (words, "\ndeb-src http://x/y sid main contrib\n");
  said = read_file ("fake/said");
  ck_assert_str_eq (said, "usr\nvmlinuz\n");
  assert_empty ("tmp");
  assert_kept (1);
}

TEST (not_built_twice)
{
  expect (BUILD, 0, "/sha256-");
  ck_assert_int_eq (g_unlink ("fake/runs"), 0);
  expect ("image build debian/sid/amd64", 0, "/sha256-");
  expect (BUILD " --packages=hello", 7, "--replace builds it anew");
  ck_assert (!exists ("fake/runs"));
  assert_kept (1);
  expect (BUILD " --replace --format=json", 0, "\"image\" : \"");
  ck_assert (exists ("fake/runs"));
  assert_kept (1);
}

/* A disk that lies on the old image keeps it. */
TEST (old_one_is_needed)
{
  g_autofree char *path = NULL;
  g_autofree char *line = NULL;

  expect (BUILD, 0, "/sha256-");
  path = g_strndup (cli_out, strcspn (cli_out, "\n"));
  ck_assert (g_file_set_contents ("a disk", "x", 1, NULL));
  line = g_build_filename (top, "a disk", NULL);
  vq_image_hold_note (path, line);
  expect (BUILD " --replace", 0, "/sha256-");
  assert_kept (2);
  ck_assert (exists (path));
  ck_assert_int_eq (g_unlink ("a disk"), 0);
  expect ("image prune --max-size=1M", 0, "");
  ck_assert (!exists (path) && !exists (IMAGE));
}

/* The system's name stands where an address would. */
TEST (listed_and_removed)
{
  expect (BUILD, 0, "/sha256-");
  expect ("image list", 0, "debian/sid/amd64\n");
  expect ("image remove debian/sid/amd64", 0, "");
  assert_empty ("cache/virt-qemu/images");
}

/* Wherever an image can be named, but only if there is no such file. */
TEST (named)
{
  static const char zeros[4096];

  expect ("image info debian/sid/amd64", 0, "/sha256-");
  cli_assert_in (cli_err, "fetching debian sid (amd64)");
  assert_kept (1);
  expect ("image info debian/unstable/amd64", 0, "/sha256-");
  ck_assert_str_eq (cli_err, "");
  expect ("image info debian/nope", 3, "debian has no release \"nope\"; it has sid, ");
  expect ("create debian/nope", 3, "debian has no release \"nope\"; it has sid, ");
  ck_assert (g_file_set_contents ("fake/fail", "E: no\n", -1, NULL));
  expect ("create debian/forky/amd64", 1, "cannot build debian/forky/amd64: E: no; ");
  ck_assert_int_eq (g_mkdir_with_parents ("debian/sid", 0700), 0);
  expect ("image info debian/sid/amd64", 0, "/sha256-");
  ck_assert (g_file_set_contents ("debian/sid/amd64", zeros, sizeof zeros, NULL));
  expect ("image info debian/sid/amd64", 0, "amd64: raw, ");
}

TEST_LOOP (other_outputs, 0, 3)
{
  static const char *const options[] = { "--no-deb-src", "--boot=bios", "--append=quiet" };
  g_autofree char *line = g_strdup_printf (BUILD " --output=own.qcow2 %s", options[_i]);
  g_autofree char *info = NULL;

  put_program ("fake/grub-mkimage",
               "#!/bin/sh\nfor word; do case $word in --output=*) echo >\"${word#*=}\" ;; "
               "--config=*) cp \"${word#*=}\" \"$FAKE/grub.cfg\" ;; esac; done\n");
  expect (line, 0, "/own.qcow2\n");
  expect (line, 7, "own.qcow2 exists already");
  expect ("image info own.qcow2", 0, "qcow2, 2.0 GiB for the guest");
  ck_assert (!exists ("cache/virt-qemu"));
  if (_i == 2)
    {
      info = read_file ("fake/grub.cfg");
      cli_assert_in (info, "root=LABEL=root rw console=ttyS0 quiet fsck.mode=skip quiet\n");
    }
}

/* All of the disk is the same each time, and nothing in it is newer. */
TEST (reproducible)
{
  const char *const look[] = { "sh", "-c",
                               "cmp one two && qemu-img convert -O raw one raw && "
                               "debugfs -R 'stat /vmlinuz' 'raw?offset=17825792' | grep time:",
                               NULL };
  g_autofree char *times = NULL;

  ck_assert (g_setenv ("SOURCE_DATE_EPOCH", "1000000000", TRUE));
  expect (BUILD " --output=one", 0, "/one\n");
  expect (BUILD " --output=two", 0, "/two\n");
  g_unsetenv ("SOURCE_DATE_EPOCH");
  ck_assert (g_spawn_sync (NULL, (char **)look, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &times, NULL,
                           NULL, NULL));
  for (const char *const *name = (const char *const[]){ "ctime", "atime", "mtime", NULL };
       *name != NULL; name++)
    {
      g_autofree char *line = g_strdup_printf ("%s: 0x3b9aca00", *name);

      cli_assert_in (times, line);
    }
}

/* Follows the boot sector as the firmware does: $1 is a raw disk. */
static const char follow_zipl[]
    = "at() { od -An -v -tu8 --endian=big -j \"$2\" -N 8 \"$1\" | tr -d ' '; }\n"
      "text() { tail -c \"+$(($2 + 1))\" \"$1\" | head -c \"$3\" | tr -d '\\0'; }\n"
      "text $1 0 4; table=$(($(at $1 16) * 512)); text $1 $table 4\n"
      "list=$(($(at $1 $((table + 16))) * 512)); text $1 $list 4; echo\n"
      "kernel=$(($(at $1 $(($(at $1 $((list + 32))) * 512))) * 512))\n"
      "initrd=$(($(at $1 $(($(at $1 $((list + 64))) * 512))) * 512))\n"
      "echo $(at $1 $((list + 56))) $(at $1 $((list + 88)))\n"
      "echo $(at $1 $((kernel + 1032))) $(at $1 $((kernel + 1040)))\n"
      "echo $(text $1 $kernel 100) / $(text $1 $((kernel + 1152)) 200)\n"
      "text $1 $initrd 512\n";

/* The firmware finds the kernel, its command line, and its initrd. */
TEST (zipl)
{
  const char *const look[]
      = { "sh", "-euc",      "qemu-img convert -O raw one raw; sh -euc \"$1\" sh raw",
          "sh", follow_zipl, NULL };
  g_autofree char *found = NULL;

  put_program ("fake/arch-test", "#!/bin/sh\n");
  put_program ("fake/mmdebstrap",
               "#!/bin/sh\n[ \"$1\" != --unshare-helper ] || { shift; exec \"$@\"; }\n"
               "for word; do case $word in */root) cd \"$word\"; echo initrd >initrd.img; "
               "{ head -c 65544 /dev/zero; echo S390EP; head -c 30000 /dev/zero; } >vmlinuz ;; "
               "esac; done\n");
  expect ("image build debian/sid/s390x --size=2G --append=extra --output=one", 0, "/one\n");
  ck_assert (g_spawn_sync (NULL, (char **)look, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &found, NULL,
                           NULL, NULL));
  ck_assert_str_eq (found, "zIPLzIPLzIPL\n65536 67108864\n67108864 7\n"
                           "S390EP / root=LABEL=root rw quiet fsck.mode=skip extra\ninitrd\n");
}

TEST (wrong_command_lines)
{
  static const struct
  {
    const char *line;
    int status;
    const char *said;
  } cases[] = {
    { "image build", 2, "which system?" },
    { "image build debian/nope", 3, "debian has no release \"nope\"; it has sid, " },
    { "image build fedora/40", 2, "\"fedora\" is not debian or ubuntu" },
    { "image build debian/sid x", 2, "\"x\" is one argument too many" },
    { "image build debian/sid --size=2", 2, "--size" },
    { "image build debian/sid/amd64 --size=1G -o x", 2, "it needs 2048" },
    { "image build debian/sid/armhf -o x", 2, "only for amd64, arm64, ppc64el, riscv64 and s390x" },
    { "image build debian/sid/s390x --boot=efi -o x", 2, "does not boot with \"efi\"" },
    { "image build debian/sid/arm64 --boot=bios -o x", 2, "does not boot with \"bios\"" },
    { "image build debian/sid/ppc64el --boot=efi -o x", 2, "does not boot with \"efi\"" },
    { "image build debian/sid/amd64 --boot=ieee1275 -o x", 2, "does not boot with \"ieee1275\"" },
    { "image build debian/sid/arm64 -o x", 1,
      "cannot run programs for arm64: install the package" },
    { "image build debian/sid/amd64 --fs=jfs -o x", 2, "\"jfs\" is not ext4 or btrfs" },
    { "image build debian/sid/amd64 --fs=xfs -o x", 2, "xfs cannot be filled without mounting it" },
    { "image build debian/sid/amd64 --keyring=none -o x", 2, "there is no file none" },
    { "image build debian/sid/amd64 --script=none -o x", 2, "cannot read the script none" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    expect (cases[i].line, cases[i].status, cases[i].said);
  assert_empty ("cache");
  assert_empty ("tmp");
  ck_assert (!exists ("x"));
}

TEST (failures)
{
  static const struct
  {
    const char *log, *said;
  } cases[] = {
    { "Err:1 http://x Could not resolve 'x'\nE: mmdebstrap failed to run\n",
      "the mirror http://deb.debian.org/debian does not answer" },
    { "E: The repository 'http://x' does not have a Release file.\n",
      "has not all of sid for amd64" },
    { "E: Release file for http://x/InRelease is not valid yet (invalid for another 3h 4min 5s).\n",
      "the clock of this machine is wrong" },
    { "I: running\nE: Unable to locate package hello\nE: setup failed: E: apt-get failed\n"
      "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk\nl\nm\nn\nE: mmdebstrap failed to run\n",
      "amd64: E: Unable to locate package hello; cannot install" },
    { " hello : Depends: nothing but it is not installable\nE: held broken packages\n",
      "hello : Depends: nothing but it is not installable; E: held broken packages; cannot" },
    { "what nobody knows\n", "amd64: what nobody knows; cannot install" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      ck_assert (g_file_set_contents ("fake/fail", cases[i].log, -1, NULL));
      expect (BUILD, 1, cases[i].said);
      cli_assert_in (cli_err, "cannot build debian/sid/amd64: ");
      assert_empty ("tmp");
      assert_empty ("cache/virt-qemu/images");
    }
  ck_assert (g_file_set_contents (
      "fake/fail", "E: You don't have enough free space in /tmp/root/var/cache/.\n", -1, NULL));
  expect (BUILD, 5, "TMPDIR names a directory with 3 GB");
}

/* Only the packages that are missing are named. */
TEST (missing_programs)
{
  static const char *const needed[]
      = { "sh",  "dirname", "setpriv", "sed",      "dpkg", "sha256sum",
          "cut", "cat",     "tr",      "qemu-img", "mmd",  "id" };
  g_autofree char *path = g_build_filename (top, "few", NULL);

  ck_assert_int_eq (g_mkdir ("few", 0700), 0);
  for (gsize i = 0; i < G_N_ELEMENTS (needed); i++)
    {
      g_autofree char *program = g_find_program_in_path (needed[i]);
      g_autofree char *link = g_build_filename ("few", needed[i], NULL);

      ck_assert_msg (program != NULL && symlink (program, link) == 0, "%s", needed[i]);
    }
  ck_assert (g_setenv ("PATH", path, TRUE));
  expect (BUILD, 1, "install the packages mmdebstrap");
  ck_assert_ptr_null (strstr (cli_err, "mtools"));
}

TEST (disk_full_in_the_middle)
{
  ck_assert (
      g_file_set_contents ("fake/fail", "E: Write error (28: No space left on device)", -1, NULL));
  expect (BUILD, 5, "TMPDIR names a directory with 3 GB");
  assert_empty ("tmp");
}

/* A directory of some MiB. */
static gboolean
shrink (const char *name)
{
  return tree_mount (name, "5m");
}

TEST_LOOP (full_disk, 0, 2)
{
  static const char *const directories[] = { "tmp", "cache" };

  if (!shrink (directories[_i]))
    SKIP ("only root may mount a file system");
  if (_i == 1)
    tree_fill ("cache");
  expect (BUILD, 5, _i == 0 ? "No space left on device (only 5 MiB" : "No space left on device");
  if (_i == 0)
    assert_empty ("tmp");
  ck_assert (!exists (IMAGE));
  ck_assert (!exists (IMAGE ".virt-qemu.part"));
  ck_assert_int_eq (umount2 (directories[_i], MNT_DETACH), 0);
}

/* ---- while one is being built ---- */

typedef struct
{
  GPid pid;
  int err;
} Running;

static Running
start (void)
{
  g_autofree char *program = cli_run_find ();
  const char *const argv[] = { program, "image", "build", "debian/sid/amd64", "--size=2G", NULL };
  Running running;

  ck_assert (g_spawn_async_with_pipes (NULL, (char **)argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL,
                                       NULL, &running.pid, NULL, NULL, &running.err, NULL));
  return running;
}

/* Starts one, which waits in its mmdebstrap. */
static Running
start_and_hold (void)
{
  Running running;
  char c;
  int fd;

  ck_assert_int_eq (mkfifo ("fake/go", 0600), 0);
  ck_assert_int_eq (mkfifo ("fake/started", 0600), 0);
  running = start ();
  fd = open ("fake/started", O_RDONLY | O_CLOEXEC);
  ck_assert_int_eq (read (fd, &c, 1), 1);
  close (fd);
  return running;
}

/* Its wait status. */
static int
finish (Running *running)
{
  int status;

  ck_assert_int_eq (waitpid (running->pid, &status, 0), running->pid);
  close (running->err);
  return status;
}

/* The directory of the one that runs: everyone who works there holds its lock. */
static int
open_work (void)
{
  g_autoptr (GDir) dir = g_dir_open ("tmp", 0, NULL);
  g_autofree char *path = g_build_filename ("tmp", g_dir_read_name (dir), NULL);
  int fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  ck_assert_int_ge (fd, 0);
  return fd;
}

static const int signals[] = { SIGTERM, SIGKILL };

TEST_LOOP (killed, 0, G_N_ELEMENTS (signals))
{
  Running running = start_and_hold ();
  int work = open_work ();

  ck_assert_int_eq (kill (running.pid, signals[_i]), 0);
  ck_assert_int_ne (finish (&running), 0);
  ck_assert_int_eq (flock (work, LOCK_EX), 0);
  close (work);
  assert_empty ("tmp");
  ck_assert (!exists (IMAGE));
  ck_assert (!exists (IMAGE ".virt-qemu.part"));
}

static void
read_until (int fd, const char *part)
{
  g_autoptr (GString) text = g_string_new (NULL);
  char c;

  while (strstr (text->str, part) == NULL)
    {
      ck_assert_msg (read (fd, &c, 1) == 1, "%s", text->str);
      g_string_append_c (text, c);
    }
}

/* The second one finds what the first one builds. */
TEST (two_at_once)
{
  Running first = start_and_hold ();
  Running second = start ();
  g_autofree char *runs = NULL;

  read_until (second.err, "another process is building or updating debian/sid/amd64: waiting");
  close (open ("fake/go", O_WRONLY | O_CLOEXEC));
  ck_assert_int_eq (finish (&first), 0);
  ck_assert_int_eq (finish (&second), 0);
  runs = read_file ("fake/runs");
  ck_assert_str_eq (runs, "run\n");
  ck_assert (exists (IMAGE));
  assert_empty ("tmp");
}
