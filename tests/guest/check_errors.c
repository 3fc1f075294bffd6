// SPDX-License-Identifier: GPL-2.0-or-later
/* Bad input to the real server: for each the exit status, one clear line on stderr, and nothing
 * left behind. No guest boots here. */
#include <check.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "process.h"
#include "server-client.h"
#include "suite.h"

#define GIB (1024L * 1024 * 1024)

/* Well above the longest line that the server takes. */
#define LONG_LINE (16 * 1024 * 1024)

/* What the server is given; "DIR" in an argument stands for it. */
static char *dir;

static char *
in_dir (const char *name)
{
  return g_build_filename (dir, name, NULL);
}

static void
write_bytes (const char *name, const char *bytes, gssize n)
{
  g_autofree char *path = in_dir (name);

  ck_assert (g_file_set_contents (path, bytes, n, NULL));
}

static void
write_file (const char *name, const char *text)
{
  write_bytes (name, text, -1);
}

/* A disk that claims to be bootable, and is not. */
static void
make_disk (void)
{
  g_autofree char *raw = in_dir ("disk.raw");
  g_autofree char *qcow2 = in_dir ("disk.qcow2");
  FILE *file = fopen (raw, "w");

  ck_assert_ptr_nonnull (file);
  ck_assert_int_eq (fseek (file, 510, SEEK_SET), 0);
  ck_assert_int_eq (fwrite ("\x55\xaa", 1, 2, file), 2);
  ck_assert_int_eq (ftruncate (fileno (file), GIB), 0);
  ck_assert_int_eq (fclose (file), 0);
  g_free (process_output (
      (const char *[]){ "qemu-img", "convert", "-f", "raw", "-O", "qcow2", raw, qcow2, NULL },
      A_WHILE));
}

/* A PATH with the programs in NAMES and no others. */
static void
make_path (const char *name, const char *const *names)
{
  g_autofree char *path = in_dir (name);

  ck_assert_int_eq (mkdir (path, 0755), 0);
  for (; *names != NULL; names++)
    {
      g_autofree char *program = g_find_program_in_path (*names);
      g_autofree char *link = g_build_filename (path, *names, NULL);

      ck_assert_msg (program != NULL, "no %s on this machine", *names);
      ck_assert_int_eq (symlink (program, link), 0);
    }
}

/* A QEMU that says in DIR/started that it was started. */
static void
make_wrapper (void)
{
  g_autofree char *path = in_dir ("qemu-that-tells");
  g_autofree char *fifo = in_dir ("started");
  g_autofree char *text
      = g_strdup_printf ("#!/bin/sh\necho >'%s'\nexec qemu-system-x86_64 \"$@\"\n", fifo);

  ck_assert_int_eq (mkfifo (fifo, 0600), 0);
  write_file ("qemu-that-tells", text);
  ck_assert_int_eq (chmod (path, 0755), 0);
}

static void
setup (void)
{
  g_autofree char *sub = NULL;
  g_autofree char *secret = NULL;

  dir = g_strdup ("/tmp/vq-errors.XXXXXX");
  ck_assert_ptr_nonnull (g_mkdtemp_full (dir, 0755));
  sub = in_dir ("directory");
  secret = in_dir ("secret");
  ck_assert_int_eq (mkdir (sub, 0755), 0);
  write_file ("empty", "");
  write_file ("text", "This is no disk image, but it is longer than nothing.\n");
  write_bytes ("torn.qcow2", "QFI\xfb\0\0\0\3\0\0\0\0 and then nonsense", 30);
  write_file ("secret", "secret");
  ck_assert_int_eq (chmod (secret, 0), 0);
  make_disk ();
  make_wrapper ();
  make_path ("no-qemu", (const char *[]){ "env", "qemu-img", NULL });
  make_path ("no-qemu-img", (const char *[]){ "env", "qemu-system-x86_64", NULL });
}

static void
teardown (void)
{
  server_free_all ();
  process_remove_tree (dir);
  g_clear_pointer (&dir, g_free);
}

/* WORDS with DIR filled in. */
static char **
expand (const char *const *words)
{
  char **result = g_strdupv ((char **)words);

  for (char **word = result; *word != NULL; word++)
    {
      g_auto (GStrv) parts = g_strsplit (*word, "DIR", -1);

      g_free (*word);
      *word = g_strjoinv (dir, parts);
    }
  return result;
}

/* Bad command lines. */
static const struct
{
  const char *arguments[4];
  int status;
  int lines;
  const char *hint;
} starts[] = {
  { { NULL }, 2, 2, "no image given" },
  { { "" }, 2, 2, "name is empty" },
  { { "DIR/missing" }, 1, 1, "DIR/missing: cannot find it: No such file or directory" },
  { { "missing-image" }, 2, 1, "no image missing-image: " },
  { { "DIR/directory" }, 2, 1, "DIR/directory: it is a directory" },
  { { "DIR/empty" }, 2, 1, "DIR/empty: it is empty" },
  { { "DIR/text" }, 2, 1, "DIR/text is not a disk image" },
  { { "DIR/torn.qcow2" }, 2, 1, "cannot use the image DIR/torn.qcow2: its header is damaged" },
  { { "DIR/disk.qcow2", "DIR/missing" }, 1, 1, "DIR/missing: cannot find it: " },
  { { "--frobnicate", "DIR/disk.qcow2" }, 2, 2, "--frobnicate" },
  { { "--cpus", "0", "DIR/disk.qcow2" }, 2, 2, "--cpus" },
  { { "--cpus=many", "DIR/disk.qcow2" }, 2, 2, "--cpus" },
  { { "--cpus" }, 2, 2, "--cpus" },
  { { "--ram-size=1", "DIR/disk.qcow2" }, 2, 2, "--ram-size" },
  { { "--timeout-reboot=0", "DIR/disk.qcow2" }, 2, 2, "--timeout-reboot" },
  { { "--boot=floppy", "DIR/disk.qcow2" }, 2, 2, "'floppy' is not one of auto, bios" },
  { { "--accel=magic", "DIR/disk.qcow2" }, 2, 2, "'magic' is not one of auto, kvm" },
  { { "--show-boot=1", "DIR/disk.qcow2" }, 2, 2, "--show-boot" },
  { { "--qemu-architecture=nonsense", "DIR/disk.qcow2" }, 2, 1, "nonsense" },
  { { "--dpkg-architecture=nonsense", "DIR/disk.qcow2" }, 2, 1, "nonsense" },
  { { "--qemu-command=/nonexistent/qemu", "DIR/disk.qcow2" }, 1, 1, "/nonexistent/qemu" },
  { { "--overlay-dir=/nonexistent/dir", "DIR/disk.qcow2" }, 1, 1, "--overlay-dir: " },
  { { "--template-script=DIR/missing", "DIR/disk.qcow2" }, 1, 1, "--template-script: " },
  { { "--template-script=DIR/directory", "DIR/disk.qcow2" }, 1, 1, "not a plain file" },
  { { "--shared-dir=dst=/x", "DIR/disk.qcow2" }, 2, 2, "--shared-dir: it needs both src=" },
  { { "--shared-dir=src=DIR/missing,dst=/x", "DIR/disk.qcow2" }, 2, 1, "there is no DIR/missing" },
  { { "--baseimage", "--qemu-options=-M microvm", "DIR/disk.qcow2" }, 2, 1, "--baseimage: " },
  { { "--log-dir=DIR/text", "DIR/disk.qcow2" },
    2,
    1,
    "--log-dir: cannot make files in DIR/text: " },
  { { "@DIR/missing-arguments" }, 2, 2, "DIR/missing-arguments" },
};

static void
expect_start_fails (const ServerSetup *setup_, int status, int lines, const char *hint)
{
  g_autoptr (Server) server = server_start (setup_);
  g_auto (GStrv) hints = expand ((const char *[]){ hint, NULL });
  g_autofree char *said = NULL;

  server_expect_exit (server, SOON, status, lines, hints[0]);
  said = server_read_line (server, SOON);
  ck_assert_msg (said == NULL, "stdout has: %s", said);
}

CASE ("command lines", setup, teardown, 0)

TEST_LOOP (test_a_bad_command_line, 0, G_N_ELEMENTS (starts))
{
  g_auto (GStrv) arguments = expand (starts[_i].arguments);
  ServerSetup bad = { .arguments = (const char *const *)arguments };

  expect_start_fails (&bad, starts[_i].status, starts[_i].lines, starts[_i].hint);
}

TEST (test_an_image_that_we_may_not_read)
{
  g_auto (GStrv) arguments = expand ((const char *[]){ "DIR/secret", NULL });
  ServerSetup bad = { .arguments = (const char *const *)arguments, .as_nobody = TRUE };

  expect_start_fails (&bad, 1, 1, "DIR/secret: cannot read it: Permission denied");
}

/* What is not on PATH, and the package that has it. */
static const struct
{
  const char *path;
  const char *arguments[3];
  const char *hint;
} programs[] = {
  { "PATH=DIR/no-qemu", { "DIR/disk.qcow2" }, "install the package qemu-system-x86" },
  { "PATH=DIR/no-qemu-img", { "DIR/disk.qcow2" }, "install the package qemu-utils" },
  { "PATH=DIR/no-qemu", { "--qemu-command=qemu-mine", "DIR/disk.qcow2" }, "qemu-mine" },
  { "PATH=DIR/no-qemu", { "--dpkg-architecture=s390x", "DIR/disk.qcow2" }, "qemu-system-misc" },
  { "PATH=DIR/no-qemu", { "--dpkg-architecture=arm64", "DIR/disk.qcow2" }, "qemu-system-arm" },
};

TEST_LOOP (test_a_missing_program, 0, G_N_ELEMENTS (programs))
{
  g_auto (GStrv) arguments = expand (programs[_i].arguments);
  g_auto (GStrv) path = expand ((const char *[]){ programs[_i].path, NULL });
  ServerSetup bad
      = { .arguments = (const char *const *)arguments, .environment = (const char *const *)path };

  expect_start_fails (&bad, 1, 1, programs[_i].hint);
}

TEST_LOOP (test_help_and_version, 0, 3)
{
  static const char *const options[] = { "--help", "-h", "--version" };
  const char *const arguments[] = { options[_i], NULL };
  g_autoptr (Server) server = server_start (&(ServerSetup){ .arguments = arguments });
  g_autofree char *line = server_read_line (server, SOON);

  ck_assert_ptr_nonnull (line);
  ck_assert_msg (strstr (line, _i < 2 ? "Usage: " : "autopkgtest-virt-qemu-ng 0.") == line, "%s",
                 line);
  server_expect_exit (server, SOON, 0, 0, "");
}

/* Starts a server that serves, with a disk that does not boot, and reads its "ok". */
static Server *
start_idle (const char *const *more)
{
  g_autofree char *disk = in_dir ("disk.qcow2");
  const char *arguments[8] = { "--accel=tcg" };
  int n = 1;
  g_autofree char *line = NULL;
  Server *server;

  for (; more != NULL && *more != NULL; more++)
    arguments[n++] = *more;
  arguments[n++] = disk;
  server = server_start (&(ServerSetup){ .arguments = arguments });
  line = server_read_line (server, A_WHILE);
  ck_assert_str_eq (line, "ok");
  return server;
}

/* What must not be said to a closed testbed. */
static const struct
{
  const char *bytes;
  const char *hint;
} misuses[] = {
  { "frobnicate\n", "unknown command `frobnicate'" },
  { "ok\n", "unknown command `ok'" },
  { "\n", "empty commands are not permitted" },
  { "   \n", "empty commands are not permitted" },
  { "copyup /a\n", "too few arguments to command `copyup'" },
  { "copydown /a /b /c\n", "too many arguments to command `copydown'" },
  { "open now\n", "too many arguments to command `open'" },
  { "reboot sometime\n", "unknown argument `sometime'" },
  { "close\n", "`close' when not open" },
  { "revert\n", "`revert' when not open" },
  { "reboot\n", "`reboot' when not open" },
  { "shell\n", "`shell' when not open" },
  { "print-execute-command\n", "`print-execute-command' when not open" },
  { "copydown /a /b\n", "`copydown' when not open" },
  { "copyup /a /b\n", "`copyup' when not open" },
  { "copyup /a%00 /b\n", "NUL byte" },
};

CASE ("protocol", setup, teardown, 0)

TEST_LOOP (test_misuse_of_the_protocol, 0, G_N_ELEMENTS (misuses))
{
  g_autoptr (Server) server = start_idle (NULL);

  server_send (server, misuses[_i].bytes);
  server_expect_exit (server, SOON, 12, 1, misuses[_i].hint);
}

TEST (test_end_of_file_at_once)
{
  g_autoptr (Server) server = start_idle (NULL);

  server_close_stdin (server);
  server_expect_exit (server, SOON, 12, 1, "end of file");
}

TEST (test_a_line_without_end)
{
  g_autoptr (Server) server = start_idle (NULL);
  g_autofree char *line = g_strnfill (LONG_LINE, 'x');

  server_send (server, line);
  server_expect_exit (server, SOON, 12, 1, "longer than");
}

TEST (test_capabilities_and_quit_need_no_testbed)
{
  g_autoptr (Server) server = start_idle (NULL);

  server_expect (server, SOON, "capabilities",
                 "ok isolation-machine reboot revert revert-full-system root-on-testbed");
  server_expect (server, SOON, "auxverb_debug_fail", "ok");
  server_expect (server, SOON, "quit", "ok");
  server_expect_exit (server, SOON, 0, 0, "");
}

CASE ("machine", setup, teardown, 0)

/* The files of --log-dir=DIR/logs/sub: a picture where a stranger's link was, and both are private.
 */
static void
expect_evidence (void)
{
  g_autofree char *console = in_dir ("logs/sub/console.log");
  g_autofree char *screen = in_dir ("logs/sub/screen.png");
  g_autofree char *picture = NULL;
  gsize n;
  struct stat st;

  ck_assert (g_file_get_contents (screen, &picture, &n, NULL));
  ck_assert_uint_gt (n, 100);
  ck_assert_mem_eq (picture, "\x89PNG\r\n\x1a\n", 8);
  ck_assert_mem_eq (picture + n - 8, "IEND\xae\x42\x60\x82", 8);
  ck_assert_int_eq (lstat (screen, &st), 0);
  ck_assert_uint_eq (st.st_mode, S_IFREG | 0600);
  ck_assert_int_eq (lstat (console, &st), 0);
  ck_assert_uint_eq (st.st_mode, S_IFREG | 0600);
}

static void
make_stranger_link (void)
{
  g_autofree char *logs = in_dir ("logs/sub");
  g_autofree char *target = in_dir ("text");
  g_autofree char *link = in_dir ("logs/sub/screen.png");

  ck_assert_int_eq (g_mkdir_with_parents (logs, 0755), 0);
  ck_assert_int_eq (symlink (target, link), 0);
}

TEST_LOOP (test_a_guest_that_never_boots, 0, 2)
{
  static const char *const firmware[] = { "--boot=bios", "--boot=efi" };
  g_auto (GStrv) more = expand (
      (const char *[]){ firmware[_i], "--timeout-reboot=5", "--log-dir=DIR/logs/sub", NULL });
  g_auto (GStrv) hint = expand (
      (const char *[]){ "(see DIR/logs/sub/console.log and DIR/logs/sub/screen.png)", NULL });
  g_autoptr (Server) server = NULL;
  gint64 start;
  g_autofree char *said = NULL;
  double seconds;

  if (_i == 0)
    make_stranger_link ();
  server = start_idle ((const char *const *)more);
  start = g_get_monotonic_time ();
  server_send (server, "open\n");
  server_expect_exit (server, A_WHILE, 12, 1, "the guest did not boot");
  said = server_get_stderr (server);
  ck_assert_msg (strstr (said, hint[0]) != NULL, "%s", said);
  expect_evidence ();
  seconds = (g_get_monotonic_time () - start) / (double)G_USEC_PER_SEC;
  ck_assert_double_ge (seconds, 4.5);
  ck_assert_double_le (seconds, 15);
}

TEST_LOOP (test_going_away_during_open, 0, 4)
{
  static const int signals[] = { SIGTERM, SIGINT, SIGHUP, 0 };
  g_auto (GStrv) more = expand ((const char *[]){ "--qemu-command=DIR/qemu-that-tells", NULL });
  g_autofree char *fifo = in_dir ("started");
  g_autoptr (Server) server = start_idle ((const char *const *)more);
  int fd = open (fifo, O_RDWR | O_NONBLOCK | O_CLOEXEC);
  char line[2];

  server_send (server, "open\n");
  ck_assert_msg (process_poll (fd, POLLIN, SOON), "QEMU does not start");
  ck_assert_int_eq (read (fd, line, sizeof line), 1);
  close (fd);
  if (signals[_i] != 0)
    kill (server_get_pid (server), signals[_i]);
  else
    server_close_stdin (server);
  ck_assert_int_eq (server_wait (server, SOON, 0), signals[_i] != 0 ? signals[_i] : 12 << 8);
}

/* What QEMU itself refuses. */
static const struct
{
  const char *option;
  const char *hint;
} refusals[] = {
  { "--qemu-options=-frobnicate", "frobnicate" },
  { "--qemu-options=-device nonsense", "nonsense" },
};

TEST_LOOP (test_a_machine_that_does_not_start, 0, G_N_ELEMENTS (refusals))
{
  const char *const more[] = { refusals[_i].option, NULL };
  g_autoptr (Server) server = start_idle (more);

  server_send (server, "open\n");
  server_expect_exit (server, SOON, 12, 1, refusals[_i].hint);
}
