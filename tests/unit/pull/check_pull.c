// SPDX-License-Identifier: GPL-2.0-or-later
/* virt-qemu image pull, as people start it, against a real HTTP server. */
#include <check.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli-run.h"
#include "pull-setup.h"
#include "suite.h"
#include "tree.h"

/* What was fetched is just what the server has as NAME. */
static void
assert_is (const char *name)
{
  g_autofree char *path = g_build_filename (pull_root, name, NULL);
  g_autofree char *wanted = NULL;
  g_autofree char *has = NULL;
  gsize n, m;

  ck_assert (g_file_get_contents (path, &wanted, &n, NULL));
  ck_assert_msg (g_file_get_contents (cli_out, &has, &m, NULL), "%s%s", cli_out, cli_err);
  ck_assert_uint_eq (n, m);
  ck_assert_int_eq (memcmp (wanted, has, n), 0);
}

/* How many files with this suffix are in the cache. */
static guint
count_files (const char *suffix)
{
  g_autoptr (GDir) dir = g_dir_open (pull_cache, 0, NULL);
  const char *name;
  guint n = 0;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    n += g_str_has_suffix (name, suffix);
  return n;
}

static char *
get_digest (const char *name, GChecksumType type)
{
  g_autofree char *path = g_build_filename (pull_root, name, NULL);
  g_autofree char *bytes = NULL;
  gsize n;

  ck_assert (g_file_get_contents (path, &bytes, &n, NULL));
  return g_compute_checksum_for_data (type, (guchar *)bytes, n);
}

static void
put_sums (const char *file, const char *name, const char *digest)
{
  g_autofree char *text = g_strdup_printf ("%s  other\n%s *%s\n", digest, digest, name);

  g_free (pull_put (file, text, -1));
}

/* Runs a shell command in the directory of the server. */
static void
sh (const char *command)
{
  const char *const argv[] = { "sh", "-euc", command, NULL };
  int status;

  ck_assert (g_spawn_sync (pull_root, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
                           NULL, &status, NULL));
  ck_assert_msg (status == 0, "%s", command);
}

CASE ("pull", pull_setup, pull_teardown, 60)

TEST (the_second_fetches_nothing)
{
  g_autofree char *digest = get_digest ("disk", G_CHECKSUM_SHA256);
  g_autofree char *name = g_strdup_printf ("/sha256-%s.raw", digest);
  struct stat st;

  pull_expect (0, "", "disk", name);
  assert_is ("disk");
  ck_assert_int_eq (stat (cli_out, &st), 0);
  ck_assert_int_eq (st.st_mode & 0777, 0400);
  pull_expect (0, "", "disk", name);
  ck_assert_uint_eq (image_server_count (pull_root, "/disk - 200"), 1);
  ck_assert_uint_eq (image_server_count (pull_root, "/disk - 304"), 1);
  pull_expect (0, "--format=json", "plain/disk", "\"fetched\" : true,");
  cli_assert_in (cli_out, "\"checked\" : false");
  pull_put_disk ("disk", 2);
  pull_expect (0, "", "disk", "/sha256-");
  assert_is ("disk");
  ck_assert_uint_eq (count_files (".raw"), 2);
  ck_assert_uint_eq (count_files (".part"), 0);
}

TEST (goes_on_where_it_was_cut)
{
  pull_expect (1, "", "cut:100000/disk", "only 100000 of 300000 bytes have come");
  cli_assert_in (cli_err, "the next pull goes on");
  ck_assert_uint_eq (count_files (".raw"), 0);
  pull_expect (0, "", "cut:100000/disk", "/sha256-");
  assert_is ("disk");
  ck_assert_uint_eq (image_server_count (pull_root, "/cut:100000/disk bytes=100000- 206"), 1);
}

/* The digest of the whole comes from both parts. */
TEST (begins_anew_if_it_has_changed)
{
  pull_expect (1, "", "cut:100000/disk", "only 100000");
  pull_put_disk ("disk", 2);
  pull_expect (0, "", "cut:100000/disk", "/sha256-");
  assert_is ("disk");
  ck_assert_uint_eq (image_server_count (pull_root, "/cut:100000/disk bytes=100000- 200"), 1);
}

TEST (a_part_that_was_not_asked_for)
{
  pull_expect (1, "", "lie:100000/disk", "only 100000");
  pull_expect (1, "", "lie:100000/disk", "another part than it was asked for");
}

TEST (without_a_size)
{
  pull_expect (0, "", "chunked/disk", "/sha256-");
  assert_is ("disk");
  pull_expect (6, "--max-size=1M --no-sums", "length:2000000/disk", "more than the 1.0 MiB");
}

TEST (what_the_server_does_wrong)
{
  static const struct
  {
    int status;
    const char *options;
    const char *path;
    const char *said;
  } cases[] = {
    { 3, "", "nothing", "has no such file (404)" },
    { 3, "", "status:410/x", "has no such file (410)" },
    { 1, "", "status:500/x", "500" },
    { 1, "--no-sums", "status:403/x", "answers 403" },
    { 1, "--no-sums", "loop/", "more than 10 times" },
    { 1, "", "to:file%3A%2F%2F%2Fetc%2Fpasswd", "neither http nor https" },
    { 1, "", "to:ftp%3A%2F%2Flocalhost%2Fx", "neither http nor https" },
    { 1, "", "length:400000/disk", "only 300000 of 400000 bytes" },
    { 6, "", "length:100000000000/disk", "93 GiB, more than the 50 GiB" },
    { 5, "--max-size=9999T", "length:100000000000000/disk", "there is room for" },
    { 6, "--timeout=1s", "hold:100000/disk", "only 100000 of 300000 bytes" },
    { 2, "", "\303\244", "must be written as" },
    { 2, "--sha256=abc", "disk", "64 hexadecimal digits" },
    { 2, "--keyring=x --no-sums", "disk", "excludes" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    pull_expect (cases[i].status, cases[i].options, cases[i].path, cases[i].said);
  ck_assert_uint_eq (image_server_count (pull_root, "/loop/ "), 11);
  ck_assert_uint_eq (count_files (".raw"), 0);
}

TEST (follows_a_redirect)
{
  g_autofree char *path
      = g_strdup_printf ("to:http%%3A%%2F%%2F127.0.0.1:%d%%2Fdisk", pull_server.port);

  pull_expect (0, "--no-sums", path, "/sha256-");
  assert_is ("disk");
}

TEST (digests_that_are_given)
{
  g_autofree char *sha256 = get_digest ("disk", G_CHECKSUM_SHA256);
  g_autofree char *sha512 = get_digest ("disk", G_CHECKSUM_SHA512);
  g_autofree char *good = g_strconcat ("--sha512=", sha512, NULL);
  g_autofree char *known = g_strconcat ("--sha256=", sha256, NULL);
  g_autofree char *bad = g_strconcat ("--sha256=", sha256, NULL);

  bad[strlen (bad) - 1] = g_str_has_suffix (bad, "0") ? '1' : '0';
  pull_expect (1, bad, "disk", "its digest is");
  ck_assert_uint_eq (count_files (".part") + count_files (".raw"), 0);
  pull_expect (0, good, "disk", "/sha256-");
  ck_assert_uint_eq (image_server_count (pull_root, "/disk "), 2);
  pull_expect (0, known, "disk", "/sha256-");
  pull_expect (0, known, "elsewhere", "/sha256-");
  ck_assert_uint_eq (image_server_count (pull_root, "/disk "), 2);
}

TEST (digests_beside_it)
{
  g_autofree char *sha256 = get_digest ("disk", G_CHECKSUM_SHA256);
  g_autofree char *sha512 = get_digest ("disk", G_CHECKSUM_SHA512);

  pull_expect (3, "--sums", "disk", "no SHA512SUMS or SHA256SUMS");
  put_sums ("SHA256SUMS", "disk", sha256);
  pull_expect (0, "--sums --format=json", "disk", "\"checked\" : true");
  put_sums ("SHA512SUMS", "disk", sha512);
  pull_expect (0, "", "disk", "/sha256-");
  put_sums ("SHA512SUMS", "disk", sha256);
  pull_expect (0, "--sums", "disk", "/sha256-");
  sh ("head -c 1100000 /dev/zero >SHA256SUMS");
  pull_expect (6, "", "disk", "/SHA256SUMS: it has 1.0 MiB, more than the 1.0 MiB that such a");
  sha256[0] = sha256[0] == '0' ? '1' : '0';
  put_sums ("SHA256SUMS", "disk", sha256);
  pull_expect (1, "", "disk", "its digest is");
  pull_expect (0, "--no-sums", "disk", "/sha256-");
}

TEST (names)
{
  g_autofree char *sha256 = get_digest ("disk", G_CHECKSUM_SHA256);
  g_autofree char *url = pull_get_url ("disk");
  g_autofree char *text = g_strdup_printf ("[my/disk]\nurl=%s\nsums=true\n", url);
  g_autofree char *home = g_build_filename (pull_base, "config", NULL);
  g_autofree char *directory = g_build_filename (home, "virt-qemu", NULL);
  g_autofree char *file = g_build_filename (directory, "images.conf", NULL);

  ck_assert (g_setenv ("XDG_CONFIG_HOME", home, TRUE));
  pull_expect_line (3, "pull my/disk", "no image is called \"my/disk\"");
  cli_assert_in (cli_err, file);
  ck_assert_int_eq (g_mkdir_with_parents (directory, 0700), 0);
  ck_assert (g_file_set_contents (file, text, -1, NULL));
  pull_expect_line (3, "pull my/disk", "no SHA512SUMS");
  put_sums ("SHA256SUMS", "disk", sha256);
  pull_expect_line (0, "pull my/disk", "/sha256-");
  assert_is ("disk");
  g_unsetenv ("XDG_CONFIG_HOME");
}

TEST (signatures)
{
  g_autofree char *sha256 = get_digest ("disk", G_CHECKSUM_SHA256);
  g_autofree char *option = g_strdup_printf ("--keyring=%s/key", pull_root);
  g_autofree char *other = g_strdup_printf ("--keyring=%s/other", pull_root);

  put_sums ("SHA256SUMS", "disk", sha256);
  pull_expect (3, option, "disk", "no signature");
  sh ("mkdir -m 700 g; "
      "gpg() { command gpg --homedir g --batch --quiet --pinentry-mode loopback --passphrase '' "
      "\"$@\"; }; for k in good other; do gpg --quick-gen-key $k ed25519 sign; done; "
      "gpg --export good >key; gpg --export other >other; "
      "gpg -u good -o SHA256SUMS.gpg --detach-sign SHA256SUMS; gpgconf --homedir g --kill all");
  pull_expect (1, other, "disk", "gpgv");
  pull_expect (0, option, "disk", "/sha256-");
  put_sums ("SHA256SUMS", "disk ", sha256);
  pull_expect (1, option, "disk", "BAD signature");
}

/* A machine with a wrong clock has it with every server. */
TEST (certificate_of_another_time)
{
  g_autofree char *pem = g_build_filename (pull_root, "pem", NULL);
  g_autofree char *line = NULL;
  ImageServer secure;

  sh ("openssl req -newkey rsa:2048 -nodes -keyout key.pem -out ask.pem -subj /CN=localhost "
      "-addext subjectAltName=IP:127.0.0.1 2>/dev/null; : >index; echo 01 >serial; "
      "printf '[ca]\ndefault_ca=d\n[d]\nnew_certs_dir=.\ndatabase=index\nserial=serial\n"
      "default_md=sha256\ncopy_extensions=copy\npolicy=p\n[p]\ncommonName=supplied\n' >ca.conf; "
      "openssl ca -batch -config ca.conf -selfsign -keyfile key.pem -in ask.pem -out cert.pem "
      "-startdate 20480101000000Z -enddate 20490101000000Z 2>/dev/null; cat cert.pem key.pem >pem");
  image_server_start (&secure, pull_root, pem);
  line = g_strdup_printf ("image pull https://127.0.0.1:%d/disk", secure.port);
  ck_assert (g_setenv ("CURL_CA_BUNDLE", pem, TRUE));
  ck_assert_int_eq (cli_run (line), 1);
  cli_assert_in (cli_err, "the clock of this machine says 2");
  g_unsetenv ("CURL_CA_BUNDLE");
  image_server_stop (&secure);
}

TEST (tls)
{
  g_autofree char *pem = g_build_filename (pull_root, "pem", NULL);
  g_autofree char *line = NULL;
  g_autofree char *down = NULL;
  ImageServer secure;

  sh ("openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj "
      "/CN=localhost -addext subjectAltName=IP:127.0.0.1 2>/dev/null; cat cert.pem key.pem >pem");
  image_server_start (&secure, pull_root, pem);
  line = g_strdup_printf ("image pull https://127.0.0.1:%d/disk", secure.port);
  down = g_strdup_printf ("image pull --no-sums "
                          "https://127.0.0.1:%d/to:http%%3A%%2F%%2F127.0.0.1%%2Fdisk",
                          secure.port);
  ck_assert_int_eq (cli_run (line), 1);
  cli_assert_in (cli_err, "ertificate");
  ck_assert (g_setenv ("CURL_CA_BUNDLE", pem, TRUE));
  ck_assert_msg (cli_run (line) == 0, "%s", cli_err);
  ck_assert_int_eq (cli_run (down), 1);
  cli_assert_in (cli_err, "from https to http");
  g_unsetenv ("CURL_CA_BUNDLE");
  image_server_stop (&secure);
}

/* Starts a pull, whose stderr is *ERR, without waiting for it. */
static GPid
start (const char *path, int *err)
{
  g_autofree char *url = pull_get_url (path);
  g_autofree char *line = g_strconcat ("image pull --no-sums ", url, NULL);
  g_auto (GStrv) words = g_strsplit (line, " ", -1);
  g_autofree char *program = cli_run_find ();
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  GPid pid;

  g_ptr_array_add (argv, program);
  for (char **word = words; *word != NULL; word++)
    g_ptr_array_add (argv, *word);
  g_ptr_array_add (argv, NULL);
  ck_assert (g_spawn_async_with_pipes (NULL, (char **)argv->pdata, NULL,
                                       G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL, NULL,
                                       NULL, &pid, NULL, NULL, err, NULL));
  return pid;
}

static int
await (GPid pid)
{
  int status;

  ck_assert_int_eq (waitpid (pid, &status, 0), pid);
  return status;
}

/* Until the server was asked N times. */
static void
await_requests (const char *text, guint n)
{
  for (int i = 0; image_server_count (pull_root, text) < n; i++)
    {
      ck_assert_int_lt (i, 3000);
      g_usleep (10000);
    }
}

TEST (one_fetches_it_for_all)
{
  GPid pids[3];
  int errs[3];
  char said[200] = "";

  pids[0] = start ("slow:30000/disk", &errs[0]);
  await_requests ("/slow:30000/disk", 1);
  for (int i = 1; i < 3; i++)
    pids[i] = start ("slow:30000/disk", &errs[i]);
  for (int i = 0; i < 3; i++)
    ck_assert_int_eq (await (pids[i]), 0);
  ck_assert_uint_eq (image_server_count (pull_root, "/slow:30000/disk"), 1);
  ck_assert_int_gt (read (errs[1], said, sizeof said - 1), 0);
  cli_assert_in (said, "another process is fetching");
  for (int i = 0; i < 3; i++)
    close (errs[i]);
}

/* Neither leaves a process, and both leave what has come. A pull that waits takes over. */
TEST_LOOP (what_is_killed_goes_on, 0, 2)
{
  static const int signals[] = { SIGKILL, SIGTERM };
  int err, waiter_err;
  GPid pid = start ("slow:30000/disk", &err);
  GPid waiter;
  char said[200];

  await_requests ("/slow:30000/disk", 1);
  waiter = start ("slow:30000/disk", &waiter_err);
  ck_assert_int_gt (read (waiter_err, said, sizeof said), 0);
  kill (pid, signals[_i]);
  ck_assert_int_ne (await (pid), 0);
  ck_assert_int_eq (await (waiter), 0);
  ck_assert_uint_eq (count_files (".raw"), 1);
  ck_assert_uint_eq (count_files (".part"), 0);
  close (waiter_err);
  /* Its end means that nobody has the descriptor any more, virt-qemu-fetch included. */
  while (read (err, said, sizeof said) > 0)
    ;
  close (err);
}

TEST (what_is_packed)
{
  static const char *const programs[] = { "xz", "gzip", "bzip2", "zstd" };

  sh ("{ cat disk; head -c 20000000 /dev/zero; cat disk; } >whole; "
      "for p in xz gzip bzip2 zstd; do $p -c whole >$p; done; head -c 100000 xz >short");
  for (gsize i = 0; i < G_N_ELEMENTS (programs); i++)
    {
      struct stat st;

      pull_expect (0, "", programs[i], ".raw");
      assert_is ("whole");
      ck_assert_int_eq (stat (cli_out, &st), 0);
      ck_assert_int_lt (st.st_blocks * 512, 2 * PULL_DISK_SIZE + 100000);
    }
  pull_expect (1, "", "short", "what has come was removed: ");
  cli_assert_in (cli_err, "cannot be unpacked");
  ck_assert_uint_eq (count_files (".part") + count_files (".part.json"), 0);
  /* What is complete is not fetched again if only unpacking has failed. */
  sh ("cp gzip again");
  pull_expect (6, "--max-size=1M", "again", "unpacked, it has more");
  pull_expect (0, "", "again", ".raw");
  ck_assert_uint_eq (image_server_count (pull_root, "/again bytes="), 1);
}

TEST (bombs_and_no_images)
{
  sh ("head -c 20000000 /dev/zero | gzip >bomb; echo '<html>no</html>' >page; "
      "qemu-img create -q -f qcow2 base 1M; qemu-img create -q -f qcow2 -b base -F qcow2 over; "
      ": >empty; printf 'QFI\\373bad' >bad");
  pull_expect (6, "--max-size=1M", "bomb", "unpacked, it has more than the 1.0 MiB");
  pull_expect (1, "", "page", "neither a disk image");
  pull_expect (1, "", "over", "was removed");
  pull_expect (1, "", "bad", "was removed");
  pull_expect (1, "", "empty", "was removed");
  ck_assert_uint_eq (count_files (".new"), 0);
  ck_assert_uint_eq (count_files (".raw") + count_files (".qcow2"), 0);
  pull_expect (0, "", "base", ".qcow2");
}

/* What virt-qemu-fetch says is not believed: it may be in the hands of the one who sent the image.
 */
TEST (a_program_that_lies)
{
  static const struct
  {
    const char *script;
    const char *said;
  } cases[] = {
    { "echo same 1", "makes no sense" },
    { "echo", "makes no sense" },
    { "echo at -1", "makes no sense" },
    { "echo at 99999999999999999999999", "makes no sense" },
    { "echo sha256 ../../x", "makes no sense" },
    { "echo etag a; echo etag b", "makes no sense" },
    { "head -c 3000 /dev/zero | tr '\\0' x; echo", "makes no sense" },
    { "head -c 2000000 /dev/zero", "" },
    { "exit 0", "makes no sense" },
    { "exit 77", "exit status 77" },
    { "kill -9 $$", "killed by signal 9" },
    { "printf 'bad \\033[31m' >&2; exit 13", "bad" },
  };
  g_autofree char *here = cli_run_find ();
  g_autofree char *program = g_build_filename (pull_root, "virt-qemu", NULL);
  g_autofree char *url = pull_get_url ("disk");
  const char *const copy[] = { "cp", here, program, NULL };
  const char *const argv[] = { program, "image", "pull", "--no-sums", url, NULL };
  int status;

  ck_assert (g_spawn_sync (NULL, (char **)copy, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL,
                           &status, NULL));
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *script = g_strconcat ("#!/bin/sh\n", cases[i].script, "\n", NULL);
      g_autofree char *path = pull_put ("virt-qemu-fetch", script, -1);
      g_autofree char *err = NULL;

      ck_assert_int_eq (chmod (path, 0700), 0);
      ck_assert (g_spawn_sync (NULL, (char **)argv, NULL, G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL,
                               NULL, &err, &status, NULL));
      ck_assert_msg (WIFEXITED (status) && WEXITSTATUS (status) != 0, "%s: %x", script, status);
      cli_assert_in (err, cases[i].said);
      ck_assert_uint_eq (count_files (".raw"), 0);
    }
}

TEST (a_cache_of_another_user)
{
  if (geteuid () != 0)
    SKIP ("only pull_root can give a directory away");
  ck_assert_int_eq (g_mkdir_with_parents (pull_cache, 0700), 0);
  ck_assert_int_eq (chown (pull_cache, 12345, 12345), 0);
  pull_expect (1, "", "disk", "belongs to another user (UID 12345)");
  ck_assert_int_eq (chown (pull_cache, 0, 0), 0);
  ck_assert_int_eq (chmod (pull_cache, 0777), 0);
  pull_expect (1, "", "disk", "is open to other users");
}

/* What is in a cache that cannot be written is as good as ever. */
TEST (a_cache_to_read)
{
  ck_assert_int_eq (g_mkdir_with_parents (pull_cache, 0700), 0);
  if (!tree_mount (pull_cache, "2m"))
    SKIP ("only pull_root can mount");
  pull_expect (0, "", "disk", ".raw");
  ck_assert_int_eq (mount (NULL, pull_cache, NULL, MS_REMOUNT | MS_RDONLY, "mode=700"), 0);
  pull_expect (0, "", "disk", ".raw");
  cli_assert_in (cli_err, "Read-only file system; the image that was fetched before is used");
  pull_expect (1, "", "other", "Read-only file system");
  ck_assert_int_eq (umount2 (pull_cache, MNT_DETACH), 0);
}

/* The server sends fast before it sends nothing any more. */
TEST (silence)
{
  gint64 begin = g_get_monotonic_time ();

  pull_expect (6, "--no-sums --timeout=1s", "hold:200000/disk",
               "only 200000 of 300000 bytes have come (nothing for 1 s)");
  ck_assert_int_lt (g_get_monotonic_time () - begin, 5 * G_USEC_PER_SEC);
}

TEST (no_limit)
{
  pull_expect (0, "--no-sums --max-size=0", "disk", ".raw");
}

TEST (a_full_disk)
{
  ck_assert_int_eq (g_mkdir_with_parents (pull_cache, 0700), 0);
  sh ("head -c 2000000 /dev/zero | { cat disk -; } | gzip >packed");
  if (!tree_mount (pull_cache, "400k"))
    SKIP ("only pull_root can mount");
  pull_expect (5, "--no-sums", "length:900000/disk", "there is room for");
  pull_expect (5, "--no-sums", "packed", "No space left");
  ck_assert_uint_eq (count_files (".new"), 0);
  ck_assert_int_eq (umount2 (pull_cache, MNT_DETACH), 0);
}
