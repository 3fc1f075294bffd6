// SPDX-License-Identifier: GPL-2.0-or-later
/* What the helper channel tells the guest to run. */
#include "helper/helper-run.h"

#include <check.h>
#include <signal.h>
#include <unistd.h>

#include "agent-job.h"
#include "helper/helper-channel.h"
#include "port-setup.h"
#include "suite.h"

static void
end_job (Job *job, guint32 stream)
{
  fake_guest_send_u32 (port_guest, VQ_HELPER_EXITED, stream, 3);
  job_assert_end (job, VQ_ENDED_EXITED, 3);
  job_free (job);
}

CASE ("run", port_channel_setup, port_channel_teardown, 60)

TEST (run)
{
  static const char *const words[] = { "cat", "", "a b\n", "\xFF", NULL };
  Job *job = job_start (port_channel, words, "input", 5);

  ck_assert_uint_eq (fake_guest_expect (port_guest, VQ_HELPER_RUN, "acat\0a\0aa b\n\0a\xFF", 16),
                     1);
  fake_guest_expect (port_guest, VQ_HELPER_STDIN, "input", 5);
  fake_guest_expect (port_guest, VQ_HELPER_STDIN_END, NULL, 0);
  fake_guest_send (port_guest, VQ_HELPER_STDOUT, 1, "out", 3);
  fake_guest_send (port_guest, VQ_HELPER_STDERR, 1, "err", 3);
  fake_guest_send (port_guest, VQ_HELPER_STDOUT, 1, "put", 3);
  fake_guest_send_u32 (port_guest, VQ_HELPER_STDIN_CREDIT, 1, 5);
  fake_guest_send_u32 (port_guest, VQ_HELPER_EXITED, 1, 7);
  job_assert_end (job, VQ_ENDED_EXITED, 7);
  job_assert_text (job->out, "output");
  job_assert_text (job->err, "err");
  job_free (job);
}

/* Of a request so long, with its letter and its NUL. */
static void
try_length (gsize length, guint32 stream)
{
  g_autofree char *word = g_strnfill (length - 2, 'w');
  const char *const words[] = { word, NULL };
  Job *job = job_start (port_channel, words, "", 0);
  g_autoptr (GByteArray) got = g_byte_array_new ();

  for (gsize left = length; left > 0;)
    {
      gboolean last = left <= VQ_HELPER_PAYLOAD_MAX;
      guint32 of;
      g_autoptr (GBytes) part
          = fake_guest_take (port_guest, last ? VQ_HELPER_RUN : VQ_HELPER_RUN_PART, &of);

      ck_assert_uint_eq (of, stream);
      ck_assert_uint_eq (g_bytes_get_size (part), MIN (left, VQ_HELPER_PAYLOAD_MAX));
      g_byte_array_append (got, g_bytes_get_data (part, NULL), g_bytes_get_size (part));
      left -= g_bytes_get_size (part);
    }
  ck_assert_int_eq (got->data[0], 'a');
  ck_assert_mem_eq (got->data + 1, word, length - 1);
  fake_guest_expect (port_guest, VQ_HELPER_STDIN_END, NULL, 0);
  end_job (job, stream);
}

TEST (run_in_parts)
{
  static const gsize lengths[] = {
    VQ_HELPER_PAYLOAD_MAX - 1,     VQ_HELPER_PAYLOAD_MAX,     VQ_HELPER_PAYLOAD_MAX + 1,
    2 * VQ_HELPER_PAYLOAD_MAX - 1, 2 * VQ_HELPER_PAYLOAD_MAX, 2 * VQ_HELPER_PAYLOAD_MAX + 1,
    VQ_HELPER_RUN_MAX - 1,         VQ_HELPER_RUN_MAX,
  };

  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++)
    try_length (lengths[i], i + 1);
}

TEST (run_too_long)
{
  g_autofree char *word = g_strnfill (VQ_HELPER_RUN_MAX - 1, 'w');
  const char *const words[] = { word, NULL };
  Job *job = job_start (port_channel, words, "", 0);

  vq_channel_kill (port_channel, job->command);
  ck_assert (!job->done);
  job_assert_failure (job, "argument list too long");
  job_free (job);
  ck_assert_ptr_null (vq_helper_port_get_error (port_tested));
}

static void
ignore_end (const VqEnd *end, gpointer data)
{
  *(gboolean *)data = TRUE;
}

TEST (terminal)
{
  static const char *const environment[] = { "TERM=linux", "EMPTY=", NULL };
  static const char *const argv[] = { "command", NULL };
  static const VqTerminal request = { argv, "/tmp/a b", environment, 24, 80 };
  static const char expected[] = "t24 80\0d/tmp/a b\0eTERM=linux\0eEMPTY=\0acommand";
  gboolean done = FALSE;
  int out = job_make_file ("", 0);
  VqCommand *command;

  ck_assert (vq_channel_has_terminals (port_channel));
  command = vq_channel_start_terminal (port_channel, &request, job_make_file ("in", 2), dup (out),
                                       ignore_end, &done);
  fake_guest_expect (port_guest, VQ_HELPER_RUN, expected, sizeof expected);
  fake_guest_expect (port_guest, VQ_HELPER_STDIN, "in", 2);
  fake_guest_expect (port_guest, VQ_HELPER_STDIN_END, NULL, 0);
  vq_channel_resize (port_channel, command, 25, 256);
  fake_guest_expect (port_guest, VQ_HELPER_WINDOW_SIZE, "\x19\0\0\0\0\1\0\0", 8);
  fake_guest_send (port_guest, VQ_HELPER_STDOUT, 1, "screen", 6);
  fake_guest_send_u32 (port_guest, VQ_HELPER_SIGNALLED, 1, SIGHUP);
  while (!done)
    g_main_context_iteration (NULL, TRUE);
  job_assert_text (out, "screen");
  close (out);
}
