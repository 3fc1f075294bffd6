// SPDX-License-Identifier: GPL-2.0-or-later
/* The guest helper as a process of this machine: the files that its own program puts and gets. */
#include <check.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guest-fixture.h"
#include "suite.h"

static char *
in_directory (const char *name)
{
  return g_build_filename (guest_directory, name, NULL);
}

/* Runs VERB for PATH as STREAM. */
static void
start (guint32 stream, const char *verb, const char *path)
{
  g_autofree char *verb_word = g_strconcat ("a", verb, NULL);
  g_autofree char *path_word = g_strconcat ("a", path, NULL);

  fake_host_run (guest, stream, "a" VQ_HELPER_SELF, verb_word, path_word, "ash", "a-c",
                 "aecho else; exit 3", NULL);
}

static void
assert_wrote (guint32 stream, guint32 status, const char *text)
{
  fake_host_assert_end (guest, stream, VQ_HELPER_EXITED, status);
  ck_assert_str_eq (fake_host_stream (guest, stream)->out->str, text);
}

/* C libraries have their own words for the rest. */
static void
assert_complained (guint32 stream, const char *beginning)
{
  const char *text;

  fake_host_assert_end (guest, stream, VQ_HELPER_EXITED, 1);
  text = fake_host_stream (guest, stream)->err->str;
  ck_assert_msg (g_str_has_prefix (text, beginning), "%s", text);
}

/* The command behind our words was run. */
static void
assert_was_not_ours (guint32 stream)
{
  assert_wrote (stream, 3, "else\n");
}

static void
assert_file (const char *path, const char *contents, mode_t mode)
{
  g_autofree char *text = NULL;
  struct stat st;

  ck_assert (g_file_get_contents (path, &text, NULL, NULL));
  ck_assert_str_eq (text, contents);
  ck_assert_int_eq (stat (path, &st), 0);
  ck_assert_uint_eq (st.st_mode & 07777, mode);
}

static void
put (guint32 stream, const char *verb, const char *path, const char *contents)
{
  start (stream, verb, path);
  fake_host_send_stdin (guest, stream, contents, strlen (contents));
  fake_host_end_stdin (guest, stream);
}

CASE ("files", guest_setup, guest_teardown, 60)

TEST (puts_files)
{
  g_autofree char *path = in_directory ("file");
  mode_t mode = geteuid () == 0 ? 04600 : 0600; /* others lose that bit when they write */

  put (1, VQ_HELPER_FILE_PUT, path, "hello\n");
  assert_wrote (1, 0, "");
  assert_file (path, "hello\n", 0644);
  put (2, VQ_HELPER_FILE_PUT_EXECUTABLE, path, "bye");
  assert_wrote (2, 0, "");
  assert_file (path, "bye", 0755);
  ck_assert_int_eq (chmod (path, mode), 0);
  put (3, VQ_HELPER_FILE_PUT, path, "");
  assert_wrote (3, 0, "");
  assert_file (path, "", mode);
}

TEST (gets_files)
{
  g_autofree char *path = in_directory ("file");

  ck_assert (g_file_set_contents (path, "hello\n", -1, NULL));
  start (1, VQ_HELPER_FILE_GET, path);
  assert_wrote (1, 0, "hello\n");
  ck_assert (g_file_set_contents (path, "", -1, NULL));
  start (2, VQ_HELPER_FILE_GET, path);
  assert_wrote (2, 0, "");
}

/* Missing, no plain file, one with a hole, one that cannot be made. Nobody waits for a FIFO. */
TEST (leaves_others_to_the_command)
{
  g_autofree char *missing = in_directory ("missing");
  g_autofree char *below = in_directory ("missing/file");
  g_autofree char *hollow = in_directory ("hollow");
  g_autofree char *fifo = guest_make_fifo ("fifo");

  ck_assert (g_file_set_contents (hollow, "", 0, NULL));
  ck_assert_int_eq (truncate (hollow, 100000), 0);
  start (1, VQ_HELPER_FILE_GET, missing);
  assert_was_not_ours (1);
  start (2, VQ_HELPER_FILE_GET, guest_directory);
  assert_was_not_ours (2);
  start (3, VQ_HELPER_FILE_GET, hollow);
  assert_was_not_ours (3);
  start (4, VQ_HELPER_FILE_GET, fifo);
  assert_was_not_ours (4);
  start (5, VQ_HELPER_FILE_PUT, below);
  assert_was_not_ours (5);
  start (6, VQ_HELPER_FILE_PUT, guest_directory);
  assert_was_not_ours (6);
  start (7, VQ_HELPER_FILE_PUT, fifo);
  assert_was_not_ours (7);
  start (8, VQ_HELPER_FILE_PUT, "/dev/full");
  assert_was_not_ours (8);
}

TEST (tells_what_fails)
{
  put (1, VQ_HELPER_FILE_PUT, "/proc/self/oom_score_adj", "hello\n");
  assert_complained (1, "cannot write /proc/self/oom_score_adj: ");
  start (2, VQ_HELPER_FILE_GET, "/proc/self/mem");
  assert_complained (2, "cannot read /proc/self/mem: ");
  fake_host_run (guest, 3, "a" VQ_HELPER_SELF, "aget", "a/nonexistent", "a/nonexistent", NULL);
  assert_complained (3, "cannot run /nonexistent: ");
}

/* What makes no sense does no harm. */
TEST (needs_all_words)
{
  fake_host_run (guest, 1, "a" VQ_HELPER_SELF, NULL);
  fake_host_assert_end (guest, 1, VQ_HELPER_EXITED, 1);
  fake_host_run (guest, 2, "a" VQ_HELPER_SELF, "aget", NULL);
  fake_host_assert_end (guest, 2, VQ_HELPER_EXITED, 1);
  fake_host_run (guest, 3, "a" VQ_HELPER_SELF, "aget", "a/nonexistent", NULL);
  fake_host_assert_end (guest, 3, VQ_HELPER_EXITED, 1);
  fake_host_run (guest, 4, "a" VQ_HELPER_SELF, "arename", "a/nonexistent", NULL);
  fake_host_assert_end (guest, 4, VQ_HELPER_EXITED, 1);
  ck_assert (!g_file_test ("/nonexistent", G_FILE_TEST_EXISTS));
}

/* Runs the test that is put to PATH, with one word for it. */
static void
start_test (guint32 stream, const char *path, const char *contents)
{
  g_autofree char *path_word = g_strconcat ("a", path, NULL);

  fake_host_run (guest, stream, "a" VQ_HELPER_SELF, "a" VQ_HELPER_TEST, path_word, "ash", "a-c",
                 "aecho else; exit 3", "ash", "aword", NULL);
  fake_host_send_stdin (guest, stream, contents, strlen (contents));
  fake_host_end_stdin (guest, stream);
}

TEST (runs_tests)
{
  g_autofree char *directory = in_directory ("new");
  g_autofree char *path = in_directory ("new/test");
  g_autofree char *said = g_strdup_printf ("%s word\n", path);
  g_autofree char *no_path = in_directory ("no/such/test");

  if (geteuid () != 0)
    SKIP ("only root can make " VQ_HELPER_TEST_LOGS);
  start_test (1, path, "#!/bin/sh\necho $0 $1; cat; exit 5\n");
  assert_wrote (1, 5, said);
  start_test (2, path, "echo $0 $1\n"); /* no interpreter is named */
  assert_wrote (2, 0, said);
  start_test (3, path, "#!/nonexistent\n");
  fake_host_assert_end (guest, 3, VQ_HELPER_EXITED, 126);
  start_test (4, no_path, "");
  assert_was_not_ours (4);
  fake_host_run (guest, 5, "a" VQ_HELPER_SELF, "a" VQ_HELPER_TEST, "a/x", "ash", "a-c", NULL);
  fake_host_assert_end (guest, 5, VQ_HELPER_EXITED, 1);
  ck_assert_int_eq (unlink (path), 0);
  ck_assert_int_eq (rmdir (directory), 0);
  (void)!rmdir (VQ_HELPER_TEST_LOGS);
}
