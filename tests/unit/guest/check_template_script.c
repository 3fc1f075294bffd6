// SPDX-License-Identifier: GPL-2.0-or-later
/* The guest is this machine: scripts run here, with a TMPDIR of their own. */
#include "guest/template-script.h"

#include <check.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "host-channel.h"
#include "leaks.h"
#include "suite.h"
#include "tree.h"

#define PATIENCE 60 /* seconds */

static VqChannel *channel;
static char *directory;
static char *script; /* its path */
static char *tmpdir; /* for the script's file */
static char *said;   /* what has come out on stderr */

static void
setup (void)
{
  signal (SIGPIPE, SIG_IGN);
  leaks_begin ();
  channel = host_channel_new ();
  directory = g_dir_make_tmp ("vq-script-XXXXXX", NULL);
  ck_assert_ptr_nonnull (directory);
  script = g_build_filename (directory, "script", NULL);
  tmpdir = g_build_filename (directory, "tmp", NULL);
  ck_assert_int_eq (g_mkdir (tmpdir, 0700), 0);
  g_setenv ("TMPDIR", tmpdir, TRUE);
}

static void
teardown (void)
{
  g_unsetenv ("TMPDIR");
  g_clear_pointer (&channel, vq_channel_free);
  tree_remove (directory);
  g_clear_pointer (&directory, g_free);
  g_clear_pointer (&script, g_free);
  g_clear_pointer (&tmpdir, g_free);
  g_clear_pointer (&said, g_free);
  leaks_assert_none ();
}

static void
put (const char *text)
{
  ck_assert (g_file_set_contents (script, text, -1, NULL));
}

/* With a file as our stderr. */
static gboolean
run_until (gint64 deadline, VqCancel *cancel, GError **error)
{
  g_autofree char *path = g_build_filename (directory, "stderr", NULL);
  int before = fcntl (STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
  int fd = open (path, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
  gboolean good;

  ck_assert_int_eq (dup2 (fd, STDERR_FILENO), STDERR_FILENO);
  close (fd);
  good = vq_template_script_run (channel, script, deadline, cancel, error);
  ck_assert_int_eq (dup2 (before, STDERR_FILENO), STDERR_FILENO);
  close (before);
  g_free (said);
  ck_assert (g_file_get_contents (path, &said, NULL, NULL));
  return good;
}

/* The script has said EXPECTED, and its file is gone. */
static void
assert_runs (const char *expected)
{
  g_autoptr (GError) error = NULL;

  ck_assert_msg (run_until (vq_deadline_in (PATIENCE), NULL, &error), "%s: %s",
                 error != NULL ? error->message : "", said);
  ck_assert_str_eq (said, expected);
  ck_assert_int_eq (g_rmdir (tmpdir), 0);
  ck_assert_int_eq (g_mkdir (tmpdir, 0700), 0);
}

/* Fails with "--template-script PATH: WHY". */
static void
assert_fails (const char *why)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *expected = g_strdup_printf ("--template-script %s: %s", script, why);

  ck_assert (!run_until (vq_deadline_in (PATIENCE), NULL, &error));
  ck_assert_str_eq (error->message, expected);
}

CASE ("script", setup, teardown, 60)

/* The interpreter's words are those of the kernel: one argument at most. */
TEST (interpreters)
{
  static const struct
  {
    const char *first_line, *said;
  } cases[] = {
    { "", "sh" },
    { "\n", "sh" },
    { "echo first\n", "first\nsh" },
    { "#!\n", "sh" },
    { "#!  \n", "sh" },
    { "#! \t\n", "sh" },
    { "# !/bin/false\n", "sh" },
    { " #!/bin/false\n", "sh" },
    { "#!/bin/sh\n", "sh" },
    { "#! /bin/sh \t\n", "sh" },
    { "#!/bin/sh -e\n", "sh e" },
    { "#!/bin/sh  \t -e\n", "sh e" },
    { "#!/bin/sh\t-e\n", "sh e" },
    { "#!/bin/sh -ue\n", "sh eu" },
    { "#!/bin/sh -e  \n", "sh e" },
    { "#!/usr/bin/env sh\n", "sh" },
    { "#!/usr/bin/env -S sh -e\n", "sh e" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text
          = g_strconcat (cases[i].first_line,
                         "printf sh\n"
                         "case $- in *e*u*|*u*e*) echo ' eu';; *e*) echo ' e';; *) echo;; esac\n",
                         NULL);
      g_autofree char *expected = g_strconcat (cases[i].said, "\n", NULL);

      put (text);
      assert_runs (expected);
    }
}

/* Not sh at all, and one argument even if it has blanks in it. */
TEST (other_interpreter)
{
  put ("#!/usr/bin/perl -l\nprint \"$^X $\\\" @ARGV\"; print STDERR 6 * 7;\n");
  {
    g_autoptr (GError) error = NULL;

    ck_assert (run_until (vq_deadline_in (PATIENCE), NULL, &error));
    ck_assert_ptr_nonnull (strstr (said, "/perl "));
    ck_assert_ptr_nonnull (strstr (said, "42\n"));
  }
  put ("#!/usr/bin/printf %s.two words\n");
  ck_assert (run_until (vq_deadline_in (PATIENCE), NULL, NULL));
  ck_assert (g_str_has_prefix (said, tmpdir));
  ck_assert (g_str_has_suffix (said, ".two words"));
}

/* It is copied as it is, and needs no interpreter. */
TEST (a_program)
{
  g_autofree char *copy = g_strdup_printf ("cp /bin/true %s", script);

  ck_assert_int_eq (system (copy), 0);
  assert_runs ("");
  g_free (copy);
  copy = g_strdup_printf ("cp /bin/false %s", script);
  ck_assert_int_eq (system (copy), 0);
  assert_fails ("exit status 1");
}

TEST (no_such_interpreter)
{
  put ("#!/nonexistent/interpreter\n");
  assert_fails ("exit status 127");
  ck_assert_ptr_nonnull (strstr (said, "/nonexistent/interpreter"));
}

/* The last line has no end, and what is behind a NUL is still there. */
TEST (whole_script)
{
  g_autoptr (GString) text = g_string_new ("#!/bin/sh\n");

  for (int i = 0; i < 10000; i++)
    g_string_append (text, ": a long script, larger than a pipe\n");
  g_string_append (text, "tail -c 7 \"$0\"; exit 0\n\n");
  g_string_append_len (text, "a\0b", 3);
  g_string_append (text, "tail");
  ck_assert (g_file_set_contents (script, text->str, text->len, NULL));
  ck_assert (run_until (vq_deadline_in (PATIENCE), NULL, NULL));
  ck_assert_str_eq (said, "a^@btail");
}

TEST (exit_status)
{
  put ("exit 3\n");
  assert_fails ("exit status 3");
  put ("echo why >&2; false\n");
  assert_fails ("exit status 1");
  ck_assert_str_eq (said, "why\n");
  put ("false; true\n");
  assert_runs ("");
  put ("#!/bin/sh -e\nfalse; true\n");
  assert_fails ("exit status 1");
  ck_assert_int_eq (g_rmdir (tmpdir), 0); /* nothing is left after a failure */
  ck_assert_int_eq (g_mkdir (tmpdir, 0700), 0);
}

/* A shell tells a signal as 128 and its number; if the shell itself dies, the channel tells it. */
TEST (killed)
{
  put ("kill -9 $$\n");
  assert_fails ("exit status 137");
  put ("kill -9 $PPID\n");
  assert_fails ("killed by signal 9");
}

TEST (stdin_is_empty)
{
  put ("wc -c >&2; [ -z \"$(cat)\" ]\n");
  assert_runs ("0\n");
}

TEST (both_outputs)
{
  put ("echo out; echo err >&2\n");
  assert_runs ("out\nerr\n");
}

/* The terminal is the user's, and so is the disk with the log. */
TEST (much_output)
{
  put ("printf '\\033]0;title\\007\\n'; yes | head -c 3000000; echo last\n");
  ck_assert (run_until (vq_deadline_in (PATIENCE), NULL, NULL));
  ck_assert (g_str_has_prefix (said, "^[]0;title^G\ny\ny\n"));
  ck_assert (g_str_has_suffix (said, "y\nlast\n"));
  ck_assert_uint_lt (strlen (said), 1100000);
}

TEST (deadline)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *prefix = g_strdup_printf ("--template-script %s: no end of the script", script);

  put ("exec sleep 600\n");
  ck_assert (!run_until (vq_deadline_in (0.3), NULL, &error));
  ck_assert (vq_error_is_timeout (error));
  ck_assert_msg (g_str_has_prefix (error->message, prefix), "%s", error->message);
  ck_assert_uint_eq (host_channel_n_killed (channel), 1);
}

TEST (cancelled)
{
  g_autoptr (VqCancel) cancel = vq_cancel_new (NULL);
  g_autoptr (GError) reason = g_error_new (VQ_ERROR, VQ_ERROR_MACHINE, "QEMU has ended");
  g_autoptr (GError) error = NULL;

  put ("exec sleep 600\n");
  vq_cancel_trigger (cancel, reason);
  ck_assert (!run_until (vq_deadline_in (PATIENCE), cancel, &error));
  ck_assert (vq_error_is_machine (error));
  ck_assert_uint_eq (host_channel_n_killed (channel), 1);
}

static void
assert_unusable (const char *why)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *expected = g_strdup_printf ("--template-script %s: %s", script, why);

  assert_fails (why);
  ck_assert_ptr_null (vq_template_script_get_digest (script, &error));
  ck_assert_str_eq (error->message, expected);
}

TEST (no_script)
{
  assert_unusable ("cannot read it: No such file or directory");
  ck_assert_int_eq (g_mkdir (script, 0700), 0);
  assert_unusable ("it is not a plain file");
  ck_assert_int_eq (g_rmdir (script), 0);
  ck_assert_int_eq (mkfifo (script, 0600), 0); /* nobody will ever write into it */
  assert_unusable ("it is not a plain file");
}

TEST (unreadable)
{
  put ("true\n");
  ck_assert_int_eq (chmod (directory, 0755), 0);
  ck_assert_int_eq (chmod (script, 0), 0);
  if (geteuid () == 0)
    {
      g_autofree char *path = g_build_filename (directory, "stderr", NULL);

      ck_assert (g_file_set_contents (path, "", 0, NULL));
      ck_assert_int_eq (chmod (path, 0666), 0);
      ck_assert_int_eq (seteuid (65534), 0);
    }
  assert_unusable ("cannot read it: Permission denied");
  if (getuid () == 0)
    ck_assert_int_eq (seteuid (0), 0);
}

static void
assert_digest (const char *text, gsize n)
{
  g_autofree char *expected = g_compute_checksum_for_data (G_CHECKSUM_SHA256, (guchar *)text, n);
  g_autofree char *digest = NULL;

  ck_assert (g_file_set_contents (script, text, n, NULL));
  digest = vq_template_script_get_digest (script, NULL);
  ck_assert_str_eq (digest, expected);
}

TEST (digests)
{
  g_autofree char *large = g_strnfill (100000, 'x');

  assert_digest ("", 0);
  assert_digest ("true\n", 5);
  assert_digest ("a\0b", 3);
  assert_digest ("a\0c", 3);
  assert_digest (large, 4095);
  assert_digest (large, 4096);
  assert_digest (large, 4097);
  assert_digest (large, 100000);
}
