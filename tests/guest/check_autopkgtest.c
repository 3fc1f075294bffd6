// SPDX-License-Identifier: GPL-2.0-or-later
/* The real autopkgtest runs the tests of packages/ through the real server. Nothing is fetched. */
#include <check.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process.h"
#include "server-client.h"
#include "suite.h"

/* Seconds for a run with up to four boots. */
#define RUN 900

/* autopkgtest's exit statuses. */
#define ALL_PASSED 0
#define SOME_FAILED 4

static char *dir;

static void
make_slot (void)
{
  g_autofree char *directory = g_build_filename (dir, "config", "virt-qemu", NULL);
  g_autofree char *file = g_build_filename (directory, "slots.conf", NULL);

  ck_assert_int_eq (g_mkdir_with_parents (directory, 0700), 0);
  ck_assert (g_file_set_contents (file, "[vq-one]\ncount=1\n", -1, NULL));
}

static void
setup (void)
{
  dir = g_strdup ("/tmp/vq-autopkgtest.XXXXXX");
  ck_assert_ptr_nonnull (g_mkdtemp_full (dir, 0755));
  make_slot ();
}

static void
teardown (void)
{
  process_remove_tree (dir);
  g_clear_pointer (&dir, g_free);
}

static char *
read_output (const char *name)
{
  g_autofree char *path = g_build_filename (dir, "out", name, NULL);
  char *text = NULL;

  ck_assert_msg (g_file_get_contents (path, &text, NULL, NULL), "no %s", path);
  return text;
}

/* Tests are started in the top directory, as $VQ_SERVER's default has it, too. */
static char *
find_package (const char *name)
{
  char *path = g_build_filename ("tests", "guest", "packages", name, NULL);

  ck_assert_msg (g_file_test (path, G_FILE_TEST_IS_DIR), "no %s here", path);
  return path;
}

static void
add_words (GPtrArray *argv, const char *const *words)
{
  for (; *words != NULL; words++)
    g_ptr_array_add (argv, (gpointer)*words);
}

/* Where the tests' own instances are. */
static char *
build_variable (const char *name, const char *directory)
{
  return g_strdup_printf ("%s=%s/%s", name, dir, directory);
}

/* Runs autopkgtest on the package NAME, with WORDS (with NULL at the end) for it and for the
 * server; asserts its exit status. Gives what it said. */
static char *
run_with (const char *name, const char *const *words, const char *const *server_words, int expected)
{
  g_autofree char *package = find_package (name);
  g_autofree char *out = g_build_filename (dir, "out", NULL);
  g_autofree char *tmp = g_build_filename (dir, "tmp", NULL);
  g_autofree char *variable = g_strconcat ("TMPDIR=", tmp, NULL);
  g_autofree char *cache = server_build_cache_variable ();
  g_autofree char *state = build_variable ("VIRT_QEMU_STATE_DIR", "state");
  g_autofree char *runtime = build_variable ("VIRT_QEMU_RUNTIME_DIR", "run");
  g_autofree char *config = build_variable ("XDG_CONFIG_HOME", "config");
  g_autofree char *program = g_canonicalize_filename (server_get_program (), NULL);
  const char *const begin[] = { "autopkgtest", "--no-built-binaries", "--output-dir", out, NULL };
  const char *const middle[] = { package, "--", program, "--accel=tcg", "--ram-size=1024", NULL };
  const char *const last[] = { server_get_image (), NULL };
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  int log = process_new_file ();
  char *said;
  int status = -1;
  pid_t pid;

  ck_assert_int_eq (g_mkdir (tmp, 0755), 0);
  add_words (argv, begin);
  add_words (argv, words);
  add_words (argv, middle);
  add_words (argv, server_words);
  add_words (argv, last);
  g_ptr_array_add (argv, NULL);
  pid = process_spawn (
      (const char *const *)argv->pdata,
      &(ProcessSetup){ -1, log, log,
                       (const char *[]){ variable, cache, state, runtime, config, NULL } });
  if (!process_wait (pid, RUN, &status))
    process_kill_all (variable);
  said = process_read_file (log, NULL);
  close (log);
  ck_assert_msg (WIFEXITED (status) && WEXITSTATUS (status) == expected, "wait status %#x: %s",
                 status, said);
  return said;
}

static void
expect_nothing_left (void)
{
  g_autofree char *tmp = g_build_filename (dir, "tmp", NULL);
  g_autofree char *variable = g_strconcat ("TMPDIR=", tmp, NULL);
  g_autofree char *left = NULL;

  left = process_wait_for_none (variable, SOON);
  ck_assert_msg (left == NULL, "left running:%s", left);
  ck_assert_msg (g_rmdir (tmp) == 0, "something is left in %s", tmp);
}

static void
run_autopkgtest (const char *name, int expected)
{
  static const char *const none[] = { NULL };

  g_free (run_with (name, none, none, expected));
  expect_nothing_left ();
}

/* Asserts that the summary says what is in EXPECTED, "TEST RESULT...", NULL-terminated; no more. */
static void
expect_summary (const char *const *expected)
{
  g_autofree char *summary = read_output ("summary");
  g_auto (GStrv) lines = g_strsplit (g_strchomp (summary), "\n", -1);

  ck_assert_msg (g_strv_length (lines) == g_strv_length ((char **)expected), "%s", summary);
  for (gsize i = 0; lines[i] != NULL; i++)
    {
      g_auto (GStrv) words = g_regex_split_simple (" +", lines[i], 0, 0);
      g_autofree char *line = g_strjoinv (" ", words);

      ck_assert_str_eq (line, expected[i]);
    }
}

static void
expect_contents (const char *name, const char *expected)
{
  g_autofree char *text = read_output (name);

  ck_assert_str_eq (text, expected);
}

/* The two boots that a reboot test saw. */
static void
expect_two_boots (const char *name)
{
  g_autofree char *text = read_output (name);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  ck_assert_msg (g_strv_length (lines) == 3, "%s: %s", name, text);
  ck_assert_str_ne (lines[0], lines[1]);
}

static char *
numbers (int last)
{
  GString *text = g_string_new (NULL);

  for (int i = 1; i <= last; i++)
    g_string_append_printf (text, "%d\n", i);
  return g_string_free (text, FALSE);
}

CASE ("packages", setup, teardown, 0)

TEST (test_good_package)
{
  static const char *const summary[]
      = { "artifacts PASS", "reboot PASS", "reboot-prepare PASS", "talks PASS", NULL };
  g_autofree char *many = numbers (20000);
  g_autofree char *some = numbers (5000);

  run_autopkgtest ("good", ALL_PASSED);
  expect_summary (summary);
  expect_contents ("artifacts/note", "from an ordinary user\n");
  expect_contents ("artifacts/sub dir/numbers", many);
  expect_contents ("artifacts-stdout", "artifacts are there\n");
  expect_contents ("reboot-stdout", "first half\nsecond half\n");
  expect_contents ("reboot-prepare-stdout", "first half\nsecond half\n");
  expect_two_boots ("artifacts/reboot");
  expect_two_boots ("artifacts/reboot-prepare");
  expect_contents ("talks-stdout", some);
  expect_contents ("talks-stderr", some);
}

TEST (test_bad_package)
{
  static const char *const summary[] = { "fails FAIL non-zero exit status 1",
                                         "killed FAIL non-zero exit status 137",
                                         "stderr FAIL stderr: a complaint",
                                         "exits-255 FAIL non-zero exit status 253",
                                         "daemon PASS",
                                         NULL };

  run_autopkgtest ("bad", SOME_FAILED);
  expect_summary (summary);
  expect_contents ("fails-stdout", "about to fail\n");
  expect_contents ("killed-stdout", "about to die\n");
  expect_contents ("stderr-stderr", "a complaint\n");
}

/* What the test has left in its testbed is there, and the instance has the slot of that. */
TEST (test_a_failed_test_is_kept)
{
  static const char *const one[] = { "--test-name=fails", NULL };
  static const char *const keep[] = { "--keep-failed=broken", "--slot=vq-one", NULL };
  g_autofree char *said = run_with ("bad", one, keep, SOME_FAILED);
  g_autofree char *build = g_path_get_dirname (server_get_program ());
  g_autofree char *script
      = g_strdup_printf ("export VIRT_QEMU_STATE_DIR=%s/state VIRT_QEMU_RUNTIME_DIR=%s/run "
                         "XDG_CONFIG_HOME=%s/config; "
                         "%s/virt-qemu list --format=names; "
                         "%s/virt-qemu slots | grep -c ' broken '; "
                         "%s/virt-qemu exec broken -- sh -c 'ls -d /tmp/autopkgtest.*/wrapper.sh'; "
                         "%s/virt-qemu delete --force broken",
                         dir, dir, dir, build, build, build, build);
  g_autofree char *kept = process_output ((const char *[]){ "sh", "-c", script, NULL }, RUN);

  ck_assert_msg (strstr (said, "virt-qemu shell broken") != NULL, "%s", said);
  ck_assert_msg (
      g_regex_match_simple ("^broken\\n1\\n/tmp/autopkgtest.*/wrapper.sh\\n$", kept, 0, 0), "%s",
      kept);
  expect_nothing_left ();
}
