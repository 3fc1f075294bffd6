// SPDX-License-Identifier: GPL-2.0-or-later
/* The guest helper as a process of this machine: how commands start and end. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guest-fixture.h"
#include "suite.h"

/* Waits for stream 1, and asserts what it wrote to stdout. */
static void
assert_wrote (const char *text)
{
  fake_host_assert_end (guest, 1, VQ_HELPER_EXITED, 0);
  ck_assert_str_eq (fake_host_stream (guest, 1)->out->str, text);
}

static void
assert_complained (guint32 status, const char *text)
{
  fake_host_assert_end (guest, 1, VQ_HELPER_EXITED, status);
  ck_assert_str_eq (fake_host_stream (guest, 1)->err->str, text);
}

static void
assert_not_started (const char *text)
{
  fake_host_assert_end (guest, 1, VQ_HELPER_NOT_STARTED, 0);
  ck_assert_str_eq (fake_host_stream (guest, 1)->text, text);
}

/* A file in the test's directory; free its path. */
static char *
make_file (const char *name, const char *contents, int mode)
{
  char *path = g_build_filename (guest_directory, name, NULL);

  ck_assert (g_file_set_contents (path, contents, -1, NULL));
  ck_assert_int_eq (g_chmod (path, mode), 0);
  return path;
}

/* Ends */

CASE ("ends", guest_setup, guest_teardown, 60)

TEST (tells_exit_statuses)
{
  for (guint32 i = 0; i < 256; i += 5)
    {
      g_autofree char *script = g_strdup_printf ("exit %u", i);

      fake_host_shell (guest, i + 1, script);
      fake_host_assert_end (guest, i + 1, VQ_HELPER_EXITED, i);
    }
}

TEST (tells_signals)
{
  static const int signals[]
      = { SIGHUP, SIGINT, SIGQUIT, SIGKILL, SIGPIPE, SIGTERM, SIGSEGV, 40, 64 };

  for (guint32 i = 0; i < G_N_ELEMENTS (signals); i++)
    {
      fake_host_run (guest, i + 1, "asleep", "a1000", NULL);
      fake_host_send_u32 (guest, VQ_HELPER_KILL, i + 1, signals[i]);
      fake_host_assert_end (guest, i + 1, VQ_HELPER_SIGNALLED, signals[i]);
    }
}

TEST (tells_what_is_not_there)
{
  fake_host_run (guest, 1, "ano-such-program", "aarg", NULL);
  assert_complained (127, "cannot run no-such-program: No such file or directory\n");
}

TEST (tells_what_is_not_there_with_a_slash)
{
  fake_host_run (guest, 1, "a/no/such", NULL);
  assert_complained (127, "cannot run /no/such: No such file or directory\n");
}

TEST (tells_what_has_no_name)
{
  fake_host_run (guest, 1, "a", NULL);
  assert_complained (127, "cannot run : No such file or directory\n");
}

TEST (tells_what_cannot_be_run)
{
  fake_host_run (guest, 1, "a/etc", NULL);
  assert_complained (126, "cannot run /etc: Permission denied\n");
}

TEST (tells_what_cannot_be_run_on_path)
{
  g_autofree char *file = make_file ("program", "#!/bin/sh\n", 0644);
  g_autofree char *path = g_strdup_printf ("ePATH=/no/such:%s:/usr/bin", guest_directory);

  fake_host_run (guest, 1, "aprogram", path, NULL);
  assert_complained (126, "cannot run program: Permission denied\n");
}

TEST (goes_on_along_the_path)
{
  g_autofree char *file = make_file ("echo", "#!/bin/sh\n", 0644);
  g_autofree char *path = g_strdup_printf ("ePATH=%s:/usr/bin:/bin", guest_directory);

  fake_host_run (guest, 1, "aecho", "ahello", path, NULL);
  assert_wrote ("hello\n");
}

TEST (runs_scripts_without_a_first_line)
{
  g_autofree char *file = make_file ("script", "echo \"$0: $*\"\n", 0755);
  g_autofree char *word = g_strconcat ("a", file, NULL);
  g_autofree char *expected = g_strdup_printf ("%s: x y\n", file);

  fake_host_run (guest, 1, word, "ax", "ay", NULL);
  assert_wrote (expected);
}

/* What a command gets */

CASE ("starts", guest_setup, guest_teardown, 60)

TEST (hands_over_any_bytes)
{
  GString *words = g_string_new (NULL);

  g_string_append_len (words, "aprintf\0a%s|\0a\0a", 16);
  for (int i = 1; i < 256; i++)
    g_string_append_c (words, i);
  g_string_append_len (words, "\0aa b\0", 6);
  fake_host_run_words (guest, 1, words, 0);
  fake_host_assert_end (guest, 1, VQ_HELPER_EXITED, 0);
  {
    GString *out = fake_host_stream (guest, 1)->out;

    ck_assert_uint_eq (out->len, 1 + 255 + 1 + 3 + 1);
    ck_assert_int_eq (out->str[0], '|');
    ck_assert_mem_eq (out->str + 1, words->str + 16, 255);
    ck_assert_str_eq (out->str + 256, "|a b|");
  }
  g_string_free (words, TRUE);
}

/* Some 5 MiB, in 5000 words; Linux takes that if the stack may be large. */
static GString *
many_words (void)
{
  GString *words = g_string_new (NULL);
  g_autofree char *word = g_strnfill (1024, 'w');

  g_string_append_len (words, "ash\0a-c\0aecho $#; printf %s \"$@\" | wc -c\0ash", 43);
  g_string_append_c (words, '\0');
  for (int i = 0; i < 5000; i++)
    {
      g_string_append_c (words, 'a');
      g_string_append_len (words, word, 1025);
    }
  return words;
}

TEST (takes_long_requests_in_parts)
{
  static const gsize parts[] = { VQ_HELPER_PAYLOAD_MAX, 1000, 4001 };
  GString *words = many_words ();
  struct rlimit large = { 64 * 1024 * 1024, RLIM_INFINITY };

  ck_assert_int_eq (prlimit (fake_host_pid (guest), RLIMIT_STACK, &large, NULL), 0);
  for (guint32 i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      fake_host_run_words (guest, i + 1, words, parts[i]);
      fake_host_assert_end (guest, i + 1, VQ_HELPER_EXITED, 0);
      ck_assert_str_eq (fake_host_stream (guest, i + 1)->out->str, "5000\n5120000\n");
    }
  g_string_free (words, TRUE);
}

TEST (takes_parts_of_several_requests_in_turns)
{
  static const char ends[][3] = { "ax", "ay", "az" };

  for (guint32 i = 1; i <= 3; i++)
    {
      fake_host_stream (guest, i);
      fake_host_send (guest, VQ_HELPER_RUN_PART, i, "aecho", 6);
    }
  fake_host_send (guest, VQ_HELPER_RUN_PART, 1, NULL, 0);
  for (guint32 i = 3; i >= 1; i--)
    fake_host_send (guest, VQ_HELPER_RUN, i, ends[i - 1], sizeof ends[0]);
  for (guint32 i = 1; i <= 3; i++)
    {
      fake_host_assert_end (guest, i, VQ_HELPER_EXITED, 0);
      ck_assert_str_eq (fake_host_stream (guest, i)->out->str, i == 1   ? "x\n"
                                                               : i == 2 ? "y\n"
                                                                        : "z\n");
    }
}

/* As lib/channel/agent-runner.pl has it. */
TEST (has_a_clean_environment)
{
  g_autofree char *lang = g_strconcat ("LANG=", g_getenv ("LANG"), "\n", NULL);
  g_autofree char *expected = NULL;

  fake_host_shell (guest, 1, "tr '\\0' '\\n' </proc/$$/environ | grep -v ^LC_ | sort");
  expected = g_strdup_printf ("HOME=%s\n%sLOGNAME=root\n"
                              "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/"
                              "bin\nSHELL=/bin/sh\nUSER=root\n",
                              getpwuid (0)->pw_dir, g_getenv ("LANG") != NULL ? lang : "");
  assert_wrote (expected);
}

TEST (adds_to_the_environment)
{
  fake_host_run (guest, 1, "ash", "a-c",
                 "aecho \"$A|$B|$HOME|$USER|$C\"; env | grep -c ^A=; env | grep -c ^HOME=", "eA=1",
                 "eB=", "eHOME=/x", "eA=2=3\n4", "eC= = ", NULL);
  assert_wrote ("2=3\n4||/x|root| = \n1\n1\n");
}

/* Everything else of a shell that init has started. */
TEST (has_the_attributes_of_a_clean_process)
{
  fake_host_shell (guest, 1,
                   "read -r pid comm state ppid pgrp session tty rest </proc/self/stat\n"
                   "[ $session = $$ ] && [ $pgrp = $$ ] && echo leads, tty $tty\n"
                   "grep -E '^Sig(Blk|Ign)' /proc/self/status\n"
                   "umask; pwd; ulimit -c; ulimit -n\n"
                   "for i in 0 1 2 3 4 5 6 7 8 9; do\n"
                   "  [ -e /proc/$$/fd/$i ] && printf '%s ' $i; done; :");
  assert_wrote (
      "leads, tty 0\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n0022\n/\n0\n1024\n"
      "0 1 2 ");
}

TEST (starts_in_a_directory)
{
  g_autofree char *word = g_strconcat ("d", guest_directory, NULL);
  g_autofree char *expected = g_strconcat (guest_directory, "\n", NULL);

  fake_host_run (guest, 1, "apwd", word, NULL);
  assert_wrote (expected);
}

TEST (tells_a_directory_that_is_not_there)
{
  fake_host_run (guest, 1, "apwd", "d/no/such", NULL);
  assert_not_started ("cannot start in /no/such: No such file or directory");
}

TEST (tells_a_directory_that_is_none)
{
  fake_host_run (guest, 1, "apwd", "d/etc/passwd", NULL);
  assert_not_started ("cannot start in /etc/passwd: Not a directory");
}

/* Kills */

CASE ("kills", guest_setup, guest_teardown, 60)

TEST (kills_the_whole_group)
{
  int fd = guest_start_lasting ();

  fake_host_send_u32 (guest, VQ_HELPER_KILL, 1, SIGKILL);
  fake_host_assert_end (guest, 1, VQ_HELPER_SIGNALLED, SIGKILL);
  guest_assert_killed (fd);
}

TEST (sends_signals_that_can_be_caught)
{
  fake_host_shell (guest, 1,
                   "trap 'echo caught; exit 3' USR1; echo ready; while :; do sleep 1; done");
  fake_host_wait_for_text (guest, 1, "ready");
  fake_host_send_u32 (guest, VQ_HELPER_KILL, 1, SIGUSR1);
  /* Its sleep dies of it, and so need not be waited for. */
  fake_host_assert_end (guest, 1, VQ_HELPER_EXITED, 3);
  ck_assert_ptr_nonnull (strstr (fake_host_stream (guest, 1)->out->str, "caught"));
}

TEST (kills_what_has_stopped)
{
  fake_host_shell (guest, 1, "echo ready; kill -STOP $$");
  fake_host_wait_for_text (guest, 1, "ready");
  fake_host_send_u32 (guest, VQ_HELPER_KILL, 1, SIGKILL);
  fake_host_assert_end (guest, 1, VQ_HELPER_SIGNALLED, SIGKILL);
}

TEST (sends_no_output_after_a_kill)
{
  HostStream *stream = fake_host_stream (guest, 1);
  gsize before;

  stream->hold_credit = TRUE;
  fake_host_shell (guest, 1, "exec yes");
  while (stream->out->len < VQ_HELPER_WINDOW)
    ck_assert (fake_host_step (guest));
  before = stream->out->len;
  fake_host_send_u32 (guest, VQ_HELPER_KILL, 1, SIGKILL);
  fake_host_release (guest, 1);
  fake_host_assert_end (guest, 1, VQ_HELPER_SIGNALLED, SIGKILL);
  ck_assert_uint_eq (stream->out->len, before);
}

/* It has ended, but not all that it wrote could be sent: a kill makes that an end, too. */
TEST (kills_what_has_ended)
{
  HostStream *stream = fake_host_stream (guest, 1);
  g_autofree char *fifo = guest_make_fifo ("fifo");
  g_autofree char *script = g_strdup_printf ("exec 9>%s; head -c 300000 /dev/zero", fifo);
  int fd;

  stream->hold_credit = TRUE;
  fake_host_shell (guest, 1, script);
  fd = guest_open_fifo (fifo);
  while (stream->out->len < VQ_HELPER_WINDOW)
    ck_assert (fake_host_step (guest));
  guest_assert_killed (fd); /* or rather ended */
  guest_assert_works (2);
  ck_assert_uint_eq (stream->end, 0);
  fake_host_send_u32 (guest, VQ_HELPER_KILL, 1, SIGKILL);
  fake_host_assert_end (guest, 1, VQ_HELPER_EXITED, 0);
}
