// SPDX-License-Identifier: GPL-2.0-or-later
/* The guest helper as a process of this machine: commands on terminals. */
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "guest-fixture.h"
#include "suite.h"

static void
run_on_terminal (guint32 stream, const char *script)
{
  g_autofree char *word = g_strconcat ("a", script, NULL);

  fake_host_run (guest, stream, "abash", "a-c", word, "t24 80", "eTERM=dumb", NULL);
}

/* On that of stream 1. */
static void
type_in (const char *keys)
{
  fake_host_send_stdin (guest, 1, keys, strlen (keys));
}

CASE ("terminal", guest_setup, guest_teardown, 60)

TEST (has_a_terminal)
{
  HostStream *stream = fake_host_stream (guest, 1);

  fake_host_run (guest, 1, "ash", "a-c",
                 "atty; tty <&1; tty <&2; stty size; : </dev/tty && echo controls\n"
                 "read -r p c s pp pgrp sid tty fg rest </proc/self/stat\n"
                 "[ $pgrp = $fg ] && [ $sid = $$ ] && echo leads",
                 "t24 80", NULL);
  fake_host_assert_end (guest, 1, VQ_HELPER_EXITED, 0);
  {
    g_auto (GStrv) lines = g_strsplit (stream->out->str, "\r\n", -1);

    ck_assert_uint_eq (g_strv_length (lines), 7);
    ck_assert (g_str_has_prefix (lines[0], "/dev/pts/"));
    ck_assert_str_eq (lines[0], lines[1]);
    ck_assert_str_eq (lines[0], lines[2]);
    ck_assert_str_eq (lines[3], "24 80");
    ck_assert_str_eq (lines[4], "controls");
    ck_assert_str_eq (lines[5], "leads");
  }
  ck_assert_uint_eq (stream->err->len, 0);
}

TEST (sends_all_of_a_terminal_before_the_end)
{
  g_autofree char *fifo = guest_make_fifo ("fifo");
  g_autofree char *script
      = g_strdup_printf ("trap '' HUP; seq 20000; (read line <%s) & exit", fifo);

  /* Another holds it still when the command ends. */
  run_on_terminal (1, script);
  fake_host_assert_end (guest, 1, VQ_HELPER_EXITED, 0);
  ck_assert (g_str_has_suffix (fake_host_stream (guest, 1)->out->str, "\r\n20000\r\n"));
  ck_assert_uint_eq (fake_host_stream (guest, 1)->out->len, 108894 + 20000);
  close (open (fifo, O_WRONLY | O_CLOEXEC));
}

TEST (resizes_a_terminal)
{
  run_on_terminal (1, "trap 'stty size; exit' WINCH; echo ready; while :; do read -t 1 line; done");
  fake_host_wait_for_text (guest, 1, "ready");
  fake_host_send (guest, VQ_HELPER_WINDOW_SIZE, 1, "\x39\x30\0\0\xff\xff\0\0", 8);
  fake_host_assert_end (guest, 1, VQ_HELPER_EXITED, 0);
  ck_assert_ptr_nonnull (strstr (fake_host_stream (guest, 1)->out->str, "12345 65535"));
}

TEST (interrupts_the_foreground_of_a_terminal)
{
  run_on_terminal (1, "trap 'exit 5' INT; echo ready; while :; do sleep 0.1; done");
  fake_host_wait_for_text (guest, 1, "ready");
  type_in ("\3");
  fake_host_assert_end (guest, 1, VQ_HELPER_EXITED, 5);
}

TEST (controls_jobs_on_a_terminal)
{
  fake_host_run (guest, 1, "abash", "a--norc", "a--noediting", "a-i", "t24 80",
                 "ePS1=prompt:", NULL);
  fake_host_wait_for_text (guest, 1, "prompt:");
  type_in ("(echo re''ady; exec sleep 1000)\n");
  fake_host_wait_for_text (guest, 1, "ready\r\n");
  type_in ("\x1a");
  fake_host_wait_for_text (guest, 1, "Stopped");
  type_in ("kill %1; fg; exit 6\n");
  fake_host_assert_end (guest, 1, VQ_HELPER_EXITED, 6);
}

TEST (hangs_up_a_terminal)
{
  run_on_terminal (1, "trap 'exit 9' HUP; echo ready; while :; do sleep 0.1; done");
  fake_host_wait_for_text (guest, 1, "ready");
  fake_host_end_stdin (guest, 1);
  fake_host_assert_end (guest, 1, VQ_HELPER_EXITED, 9);
  run_on_terminal (2, "echo ready; exec cat");
  fake_host_wait_for_text (guest, 2, "ready");
  fake_host_end_stdin (guest, 2);
  fake_host_assert_end (guest, 2, VQ_HELPER_SIGNALLED, SIGHUP);
}

/* It takes what it can, and the rest waits. */
TEST (flows_through_a_terminal)
{
  HostStream *stream = fake_host_stream (guest, 1);
  g_autofree char *bytes = g_strnfill (600000, 'x');

  for (int i = 99; i < 600000; i += 100)
    bytes[i] = '\n';
  run_on_terminal (1, "stty raw -echo; echo ready; exec head -c 600000");
  fake_host_wait_for_text (guest, 1, "ready\n");
  g_string_truncate (stream->out, 0);
  fake_host_send_stdin (guest, 1, bytes, 600000);
  fake_host_assert_end (guest, 1, VQ_HELPER_EXITED, 0);
  ck_assert_uint_eq (stream->out->len, 600000);
  ck_assert_mem_eq (stream->out->str, bytes, 600000);
}
