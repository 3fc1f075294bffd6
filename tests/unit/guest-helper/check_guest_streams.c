// SPDX-License-Identifier: GPL-2.0-or-later
/* The guest helper as a process of this machine: stdin, stdout and stderr of commands, their
 * terminals, and what daemons do with them. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guest-fixture.h"
#include "suite.h"

#define MIB (1024 * 1024)

/* N bytes that are not all the same; free them. */
static char *
make_bytes (gsize n)
{
  char *bytes = g_malloc (n);
  GRand *random = g_rand_new_with_seed (n);

  for (gsize i = 0; i < n; i += 4)
    {
      guint32 value = g_rand_int (random);

      memcpy (bytes + i, &value, MIN (n - i, 4));
    }
  g_rand_free (random);
  return bytes;
}

static void
wait_for_output (guint32 number, gsize n)
{
  HostStream *stream = fake_host_stream (guest, number);

  while (stream->out->len < n)
    {
      ck_assert_int_eq (stream->end, 0);
      ck_assert (fake_host_step (guest));
    }
}

/* As much as stream 1 may send without credit. */
static void
send_window (const char *bytes)
{
  for (int i = 0; i < 16; i++)
    fake_host_send (guest, VQ_HELPER_STDIN, 1, bytes, VQ_HELPER_WINDOW / 16);
}

/* Flow */

CASE ("flow", guest_setup, guest_teardown, 60)

TEST (carries_bytes_both_ways)
{
  g_autofree char *bytes = make_bytes (8 * MIB);
  HostStream *stream = fake_host_stream (guest, 1);

  fake_host_run (guest, 1, "acat", NULL);
  fake_host_send_stdin (guest, 1, bytes, 8 * MIB);
  fake_host_end_stdin (guest, 1);
  fake_host_assert_end (guest, 1, VQ_HELPER_EXITED, 0);
  ck_assert_uint_eq (stream->out->len, 8 * MIB);
  ck_assert_mem_eq (stream->out->str, bytes, 8 * MIB);
  ck_assert_uint_eq (stream->stdin_credit, 8 * MIB);
}

/* A page at a time is read of a pipe that is full, but not each of them is worth a frame. */
TEST (gives_credit_in_large_pieces)
{
  g_autofree char *bytes = make_bytes (2 * MIB);
  g_autofree char *fifo = guest_make_fifo ("fifo");
  g_autofree char *script = g_strdup_printf (
      "while read line <&3; do dd bs=4096 count=1 2>&1 >/dev/null | tail -n 1; done 3<%s", fifo);
  HostStream *stream = fake_host_stream (guest, 1);
  guint before;
  int fd;

  fake_host_shell (guest, 1, script);
  fd = open (fifo, O_WRONLY | O_CLOEXEC);
  guest_fill_stdin (1, bytes);
  before = stream->n_stdin_credits;
  for (guint32 i = 1; i <= 16; i++)
    {
      gsize seen = stream->out->len;

      ck_assert_int_eq (write (fd, "\n", 1), 1);
      wait_for_output (1, seen + 1);
      guest_assert_works (1 + i);
    }
  ck_assert_uint_ge (stream->n_stdin_credits, before + 1);
  ck_assert_uint_le (stream->n_stdin_credits, before + 3);
  close (fd);
}

/* The host takes a window at a time; that no more comes is asserted for every frame. */
TEST (waits_for_credit)
{
  g_autofree char *bytes = make_bytes (2 * MIB);
  HostStream *stream = fake_host_stream (guest, 1);

  fake_host_shell (guest, 1, "cat; cat /etc/passwd >&2");
  for (gsize i = 0; i < 8; i++)
    {
      stream->hold_credit = TRUE;
      fake_host_send_stdin (guest, 1, bytes + i * VQ_HELPER_WINDOW, VQ_HELPER_WINDOW);
      wait_for_output (1, (i + 1) * VQ_HELPER_WINDOW);
      guest_assert_works (2 + i); /* nothing comes that was not allowed */
      fake_host_release (guest, 1);
    }
  fake_host_end_stdin (guest, 1);
  fake_host_assert_end (guest, 1, VQ_HELPER_EXITED, 0);
  ck_assert_mem_eq (stream->out->str, bytes, 2 * MIB);
  ck_assert_ptr_nonnull (strstr (stream->err->str, "root:"));
}

/* A byte of credit is a byte of output. */
TEST (counts_credit_exactly)
{
  HostStream *stream = fake_host_stream (guest, 1);

  stream->hold_credit = TRUE;
  fake_host_shell (guest, 1, "exec yes");
  wait_for_output (1, VQ_HELPER_WINDOW);
  for (guint i = 1; i < 100; i++)
    {
      gsize before = stream->out->len;

      fake_host_send_u32 (guest, VQ_HELPER_STDOUT_CREDIT, 1, i);
      stream->uncredited[0] -= i;
      wait_for_output (1, before + i);
      ck_assert_uint_eq (stream->out->len, before + i);
    }
}

TEST (sends_all_before_the_end)
{
  static const gsize sizes[] = { 1, 4096, 65536, 65537, VQ_HELPER_WINDOW, 300000, 3 * MIB };

  for (guint32 i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autofree char *script = g_strdup_printf (
          "head -c %zu /dev/zero; head -c 70000 /dev/zero >&2; exit 7", sizes[i]);
      HostStream *stream = fake_host_stream (guest, i + 1);

      fake_host_shell (guest, i + 1, script);
      fake_host_assert_end (guest, i + 1, VQ_HELPER_EXITED, 7);
      ck_assert_uint_eq (stream->out->len, sizes[i]);
      ck_assert_uint_eq (stream->err->len, 70000);
    }
}

/* Stream 1 stalls in both directions, and 2 on its stderr; 3 flows. */
TEST (lets_others_flow_beside_one_that_stalls)
{
  g_autofree char *bytes = make_bytes (4 * MIB);
  HostStream *stalled = fake_host_stream (guest, 1);
  gsize sent;

  stalled->hold_credit = TRUE;
  fake_host_stream (guest, 2)->hold_credit = TRUE;
  fake_host_run (guest, 1, "acat", NULL);
  fake_host_shell (guest, 2, "exec yes >&2");
  /* cat stands still when its stdout does, and then its stdin is full. */
  sent = guest_fill_stdin (1, bytes);
  fake_host_run (guest, 3, "acat", NULL);
  fake_host_send_stdin (guest, 3, bytes, 4 * MIB);
  fake_host_end_stdin (guest, 3);
  fake_host_assert_end (guest, 3, VQ_HELPER_EXITED, 0);
  ck_assert_mem_eq (fake_host_stream (guest, 3)->out->str, bytes, 4 * MIB);
  fake_host_end_stdin (guest, 1);
  fake_host_release (guest, 1);
  fake_host_assert_end (guest, 1, VQ_HELPER_EXITED, 0);
  ck_assert_uint_eq (stalled->out->len, sent);
  ck_assert_mem_eq (stalled->out->str, bytes, sent);
}

static gsize
all_output (guint32 n_streams)
{
  gsize sum = 0;

  for (guint32 i = 1; i <= n_streams; i++)
    sum += fake_host_stream (guest, i)->out->len + fake_host_stream (guest, i)->err->len;
  return sum;
}

static gboolean
sleeps (pid_t pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/stat", (int)pid);
  g_autofree char *stat = NULL;

  ck_assert (g_file_get_contents (path, &stat, NULL, NULL));
  return strrchr (stat, ')')[2] == 'S';
}

/* Runs "yes" N times, which write their processes into files. */
static void
start_narrow (guint32 n, const char *const *scripts)
{
  fake_host_free (guest, 0);
  guest = fake_host_new_narrow ();
  fake_host_hello (guest, 'a');
  for (guint32 i = 1; i <= n; i++)
    {
      g_autofree char *word = g_strconcat ("d", guest_directory, NULL);
      g_autofree char *script = g_strconcat ("a", scripts[i - 1], NULL);

      fake_host_stream (guest, i)->hold_credit = TRUE;
      fake_host_run (guest, i, "ash", "a-c", script, word, NULL);
    }
}

/* Waits until each "yes" stands still, as its pipe is full. */
static void
wait_until_full (guint n_files)
{
  for (guint i = 1; i <= n_files; i++)
    {
      g_autofree char *path = g_strdup_printf ("%s/%u", guest_directory, i);
      g_autofree char *text = NULL;

      ck_assert (g_file_get_contents (path, &text, NULL, NULL));
      while (!sleeps (atoi (text)))
        poll (NULL, 0, 1);
    }
}

static void
add_window (GByteArray *credit, guint8 type, guint8 stream)
{
  const guint8 window[] = { type, stream };

  g_byte_array_append (credit, window, sizeof window);
}

/* All in one piece. */
static void
send_windows (const GByteArray *credit)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  for (guint i = 0; i < credit->len; i += 2)
    {
      g_autoptr (GByteArray) frame
          = fake_host_make (guest, credit->data[i], credit->data[i + 1], "\0\0\4\0", 4);

      g_byte_array_append (bytes, frame->data, frame->len);
    }
  fake_host_send_raw (guest, bytes->data, bytes->len);
}

/* N streams have got all that they may, N_WINDOWS. They get CREDIT, all of it at once, when their
 * pipes are full. Takes what comes then, up to N_BYTES. */
static void
give_at_once (guint32 n, gsize n_windows, GByteArray *credit, gsize n_bytes)
{
  while (all_output (n) < n_windows * VQ_HELPER_WINDOW)
    ck_assert (fake_host_step (guest));
  wait_until_full (n_windows);
  send_windows (credit);
  for (guint32 i = 1; i <= n; i++)
    memset (fake_host_stream (guest, i)->uncredited, 0, 2 * sizeof (gsize));
  while (all_output (n) < n_windows * VQ_HELPER_WINDOW + n_bytes)
    ck_assert (fake_host_step (guest));
  g_byte_array_unref (credit);
}

/* Of streams that all have much to send, none waits for another to be ready. */
TEST (is_fair_to_streams)
{
  static const char *const scripts[] = { "echo $$ >1; exec yes", "echo $$ >2; exec yes >&2",
                                         "echo $$ >3; exec yes", "echo $$ >4; exec yes" };
  GByteArray *credit = g_byte_array_new ();

  start_narrow (4, scripts);
  for (guint8 i = 1; i <= 4; i++)
    add_window (credit, i == 2 ? VQ_HELPER_STDERR_CREDIT : VQ_HELPER_STDOUT_CREDIT, i);
  give_at_once (4, 4, credit, 3 * VQ_HELPER_WINDOW - 1);
  for (guint32 i = 1; i <= 4; i++)
    ck_assert_uint_gt (fake_host_stream (guest, i)->out->len
                           + fake_host_stream (guest, i)->err->len,
                       VQ_HELPER_WINDOW);
}

/* The same for the two of a stream. */
TEST (is_fair_to_both_of_a_stream)
{
  static const char *const scripts[]
      = { "sh -c 'echo $$ >1; exec yes' & echo $$ >2; exec yes >&2" };
  GByteArray *credit = g_byte_array_new ();

  start_narrow (1, scripts);
  add_window (credit, VQ_HELPER_STDOUT_CREDIT, 1);
  add_window (credit, VQ_HELPER_STDERR_CREDIT, 1);
  give_at_once (1, 2, credit, VQ_HELPER_WINDOW - 1);
  ck_assert_uint_gt (fake_host_stream (guest, 1)->out->len, VQ_HELPER_WINDOW);
  ck_assert_uint_gt (fake_host_stream (guest, 1)->err->len, VQ_HELPER_WINDOW);
}

/* Ends of streams */

TEST (tells_that_nobody_reads_stdin)
{
  g_autofree char *bytes = make_bytes (MIB);
  HostStream *stream = fake_host_stream (guest, 1);

  fake_host_shell (guest, 1, "exec <&-; echo closed; sleep 1000");
  fake_host_wait_for_text (guest, 1, "closed");
  /* All that comes is dropped, and credited. */
  fake_host_send_stdin (guest, 1, bytes, MIB);
  while (stream->stdin_credit < MIB)
    ck_assert (fake_host_step (guest));
  ck_assert (stream->stdin_closed);
  fake_host_end_stdin (guest, 1);
  guest_assert_works (2);
}

TEST (tells_that_stdin_closes_when_it_is_full)
{
  g_autofree char *bytes = make_bytes (2 * MIB);
  HostStream *stream = fake_host_stream (guest, 1);
  g_autofree char *fifo = guest_make_fifo ("fifo");
  g_autofree char *script
      = g_strdup_printf ("read line <%s; exec <&-; echo closed; sleep 1000", fifo);
  gsize sent;

  fake_host_shell (guest, 1, script);
  sent = guest_fill_stdin (1, bytes);
  close (open (fifo, O_WRONLY | O_CLOEXEC));
  while (stream->stdin_credit < sent || !stream->stdin_closed)
    ck_assert (fake_host_step (guest));
}

TEST (closes_stdin_behind_what_waits)
{
  g_autofree char *bytes = make_bytes (VQ_HELPER_WINDOW);

  fake_host_shell (guest, 1, "sleep 0.1; exec wc -c");
  send_window (bytes);
  fake_host_end_stdin (guest, 1);
  fake_host_assert_end (guest, 1, VQ_HELPER_EXITED, 0);
  ck_assert_str_eq (fake_host_stream (guest, 1)->out->str, "262144\n");
}

TEST (breaks_the_pipe_of_a_closed_stream)
{
  fake_host_shell (guest, 1, "exec yes");
  fake_host_wait_for_text (guest, 1, "y");
  fake_host_send (guest, VQ_HELPER_STDOUT_CLOSED, 1, NULL, 0);
  fake_host_assert_end (guest, 1, VQ_HELPER_SIGNALLED, SIGPIPE);
  fake_host_shell (guest, 2, "echo on stdout; exec yes >&2");
  fake_host_wait_for_text (guest, 2, "on stdout");
  fake_host_send (guest, VQ_HELPER_STDERR_CLOSED, 2, NULL, 0);
  fake_host_assert_end (guest, 2, VQ_HELPER_SIGNALLED, SIGPIPE);
  ck_assert_str_eq (fake_host_stream (guest, 2)->out->str, "on stdout\n");
}

TEST (goes_on_when_streams_are_closed_early)
{
  fake_host_shell (guest, 1, "echo before; exec >&- 2>&-; exec cat >/dev/null");
  fake_host_wait_for_text (guest, 1, "before");
  fake_host_send (guest, VQ_HELPER_STDOUT_CLOSED, 1, NULL, 0);
  fake_host_send (guest, VQ_HELPER_STDOUT_CLOSED, 1, NULL, 0);
  guest_assert_works (2);
  fake_host_end_stdin (guest, 1);
  fake_host_assert_end (guest, 1, VQ_HELPER_EXITED, 0);
}

/* Daemons */

/* It holds stdout and stderr, and writes more than a pipe holds when the command has ended long
 * ago. That it has not been killed for it, it says through a FIFO. */
TEST (leaves_daemons_alone)
{
  g_autofree char *go = guest_make_fifo ("go");
  g_autofree char *alive = guest_make_fifo ("alive");
  g_autofree char *script = g_strdup_printf ("(read line <%s; head -c 1000000 /dev/zero && head -c "
                                             "1000000 /dev/zero >&2 && echo yes >%s) &"
                                             "echo out; echo err >&2; exit 3",
                                             go, alive);
  char text[8] = "";
  int fd;

  fake_host_shell (guest, 1, script);
  fake_host_assert_end (guest, 1, VQ_HELPER_EXITED, 3);
  ck_assert_str_eq (fake_host_stream (guest, 1)->out->str, "out\n");
  ck_assert_str_eq (fake_host_stream (guest, 1)->err->str, "err\n");
  fd = open (go, O_WRONLY | O_CLOEXEC);
  ck_assert_int_eq (write (fd, "go\n", 3), 3);
  close (fd);
  fd = guest_open_fifo (alive);
  ck_assert_int_eq (read (fd, text, sizeof text), 4);
  close (fd);
  ck_assert_str_eq (text, "yes\n");
}

/* What it writes after the command's end does not delay the end, either. */
TEST (does_not_wait_for_a_daemon_that_writes)
{
  pid_t daemon;

  fake_host_shell (guest, 1, "yes & echo $! >&2; exit 4");
  fake_host_assert_end (guest, 1, VQ_HELPER_EXITED, 4);
  daemon = atoi (fake_host_stream (guest, 1)->err->str);
  ck_assert_int_gt (daemon, 1);
  guest_assert_works (2);
  ck_assert_int_eq (kill (daemon, SIGKILL), 0);
}

/* What is in the pipe when the command ends is the rest, whatever the daemon adds. */
TEST (sends_no_more_of_a_daemon_than_the_rest)
{
  HostStream *stream = fake_host_stream (guest, 1);
  g_autofree char *fifo = guest_make_fifo ("fifo");
  g_autofree char *script
      = g_strdup_printf ("exec 9>%s; yes 9>&- & echo $! >&2; read line; exit 4", fifo);
  pid_t daemon;
  int fd;

  stream->hold_credit = TRUE;
  fake_host_shell (guest, 1, script);
  fd = guest_open_fifo (fifo);
  while (stream->out->len < VQ_HELPER_WINDOW || stream->err->len == 0)
    ck_assert (fake_host_step (guest));
  daemon = atoi (stream->err->str);
  fake_host_send_stdin (guest, 1, "go\n", 3);
  guest_assert_killed (fd); /* it has ended */
  guest_assert_works (2);
  fake_host_release (guest, 1);
  fake_host_assert_end (guest, 1, VQ_HELPER_EXITED, 4);
  ck_assert_uint_le (stream->out->len, VQ_HELPER_WINDOW + MIB);
  ck_assert_int_eq (kill (daemon, SIGKILL), 0);
}

/* Each daemon holds two pipes; those of stdin are closed with the command. */
TEST (closes_what_daemons_leave)
{
  g_autofree char *fifo = guest_make_fifo ("fifo");
  g_autofree char *script = g_strdup_printf ("(read line <%s) & exit", fifo);
  guint n_fds = guest_count_fds ();
  guint32 number = 50;
  int fd;

  for (guint32 i = 1; i <= number; i++)
    {
      fake_host_shell (guest, i, script);
      fake_host_assert_end (guest, i, VQ_HELPER_EXITED, 0);
    }
  ck_assert_uint_eq (guest_count_fds (), n_fds + 100);
  fd = open (fifo, O_RDWR | O_CLOEXEC); /* as a reader, too: not all others have woken up yet */
  for (guint i = 0; i < 50; i++)
    ck_assert_int_eq (write (fd, "\n", 1), 1);
  while (guest_count_fds () > n_fds)
    guest_assert_works (++number);
  close (fd);
}
