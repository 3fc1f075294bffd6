// SPDX-License-Identifier: GPL-2.0-or-later
/* The helper channel with a guest that has been taken over, and at its ends. */
#include "helper/helper-channel.h"

#include <check.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "agent-job.h"
#include "port-setup.h"
#include "suite.h"

#define WINDOW VQ_HELPER_WINDOW

static const char *const argv[] = { "command", NULL };

static void
setup (void)
{
  port_channel_setup ();
  fake_guest_ignore (port_guest);
}

static void
start_again (void)
{
  port_channel_teardown ();
  setup ();
}

/* Stream 1, then 2 and so on; it gets "input" to read. */
static Job *
start_job (void)
{
  return job_start (port_channel, argv, "input", 5);
}

typedef struct
{
  guint8 type;
  const char *payload;
  gsize n;
  const char *error; /* after "the guest helper sent " */
} Violation;

static void
try_violation (const Violation *violation)
{
  g_autofree char *error = g_strconcat ("the guest helper sent ", violation->error, NULL);
  g_autoptr (Job) job = NULL;
  g_autoptr (Job) other = NULL;
  g_autoptr (Job) late = NULL;

  start_again ();
  job = start_job ();
  other = start_job ();
  fake_guest_send (port_guest, violation->type, 1, violation->payload, violation->n);
  fake_guest_send_u32 (port_guest, VQ_HELPER_EXITED, 2, 0);
  job_assert_failure (job, error);
  job_assert_failure (other, error);
  late = start_job ();
  job_assert_failure (late, error);
  g_string_truncate (port_told, 0);
}

CASE ("hostile", setup, port_channel_teardown, 120)

TEST (every_violation)
{
  static const Violation cases[] = {
    { 'x', "\0\1\0\0", 4, "an exit status of 256" },
    { 'x', "\xFF\xFF\xFF\xFF", 4, "an exit status of 4294967295" },
    { 'g', "\0\0\0\0", 4, "a signal that does not exist (0)" },
    { 'g', "\x41\0\0\0", 4, "a signal that does not exist (65)" },
    { 'c', "\6\0\0\0", 4, "more credit for stdin than is due" },
    { 'c', "\xFF\xFF\xFF\xFF", 4, "more credit for stdin than is due" },
    { 'd', "\0\0\0\0", 4, "a frame of type 'd' for a command" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    try_violation (&cases[i]);
}

/* What comes after something odd is right. */
TEST (odd_but_allowed)
{
  static const struct
  {
    guint8 type;
    const char *payload;
    gsize n;
  } cases[] = {
    { 'c', "\0\0\0\0", 4 }, { 'c', "\5\0\0\0", 4 }, { 's', "", 0 },
    { 'o', "\0", 1 },       { 'r', "\0", 1 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    for (guint k = 0; k < 2; k++)
      {
        g_autoptr (Job) job = NULL;

        start_again ();
        job = start_job ();
        fake_guest_send (port_guest, cases[i].type, 1, cases[i].payload, cases[i].n);
        if (k == 1 && i != 1)
          fake_guest_send (port_guest, cases[i].type, 1, cases[i].payload, cases[i].n);
        fake_guest_send_u32 (port_guest, k == 0 ? VQ_HELPER_EXITED : VQ_HELPER_SIGNALLED, 1,
                             k == 0 ? 255 : 64);
        job_assert_end (job, k == 0 ? VQ_ENDED_EXITED : VQ_ENDED_SIGNALLED, k == 0 ? 255 : 64);
      }
}

static void
send_output (gsize n)
{
  static const guint8 zeroes[VQ_HELPER_PAYLOAD_MAX];

  for (; n > 0; n -= MIN (n, sizeof zeroes))
    fake_guest_send (port_guest, VQ_HELPER_STDOUT, 1, zeroes, MIN (n, sizeof zeroes));
}

/* Whatever was credited of the window: now it is too much. */
static void
send_too_much (void)
{
  send_output (WINDOW / 2);
  fake_guest_flush (port_guest);
  send_output (WINDOW / 2);
  fake_guest_flush (port_guest);
  ck_assert_ptr_null (vq_helper_port_get_error (port_tested));
  send_output (WINDOW / 4 + 1);
}

TEST (more_than_the_window)
{
  int ends[2];
  g_autoptr (Job) job = NULL;

  ck_assert_int_eq (pipe (ends), 0);
  job = job_start_with (port_channel, argv, job_make_file ("", 0), ends[1]);
  send_too_much ();
  job_assert_failure (job, "the guest helper sent more output than it may");
  close (ends[0]);
  g_string_truncate (port_told, 0);
}

TEST (more_than_the_window_to_nobody)
{
  int ends[2];
  g_autoptr (Job) job = NULL;

  ck_assert_int_eq (pipe (ends), 0);
  close (ends[0]);
  job = job_start_with (port_channel, argv, job_make_file ("", 0), ends[1]);
  send_too_much ();
  job_assert_failure (job, "the guest helper sent more output than it may");
  g_string_truncate (port_told, 0);
}

static void
note_end (const VqEnd *end, gpointer data)
{
  *(char **)data = g_strdup (end->error != NULL ? end->error->message : "no error");
}

TEST (stderr_of_a_terminal)
{
  static const char *const none[] = { NULL };
  static const VqTerminal request = { argv, "/", none, 24, 80 };
  g_autofree char *message = NULL;

  vq_channel_start_terminal (port_channel, &request, job_make_file ("", 0), job_make_file ("", 0),
                             note_end, &message);
  fake_guest_send (port_guest, VQ_HELPER_STDERR, 1, "a", 1);
  while (message == NULL)
    g_main_context_iteration (NULL, TRUE);
  ck_assert_str_eq (message, "the guest helper sent stderr of a terminal");
  g_string_truncate (port_told, 0);
}

/* The connection stays; the text is one line. */
TEST (not_started)
{
  static const struct
  {
    const char *text, *error;
  } cases[] = {
    { "no memory", "cannot start the command in the guest: no memory" },
    { "", "cannot start the command in the guest: " },
    { "\033[31mred\nline\xFF", "cannot start the command in the guest: red line\xEF\xBF\xBD" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (Job) job = start_job ();

      fake_guest_send (port_guest, VQ_HELPER_NOT_STARTED, i + 1, cases[i].text,
                       strlen (cases[i].text));
      job_assert_end (job, VQ_ENDED_FAILED, 0);
      ck_assert_str_eq (job->message, cases[i].error);
    }
  ck_assert_ptr_null (vq_helper_port_get_error (port_tested));
}

TEST (too_many)
{
  g_autoptr (Job) job = NULL;

  for (guint i = 0; i < VQ_HELPER_STREAMS_MAX; i++)
    vq_helper_port_open_stream (port_tested, VQ_HELPER_STREAM_COMMAND, NULL, NULL);
  job = start_job ();
  job_assert_failure (job, "too many commands run in the guest (1024)");
  fake_guest_send_u32 (port_guest, VQ_HELPER_EXITED, 4, 0);
  fake_guest_flush (port_guest);
  job_free (g_steal_pointer (&job));
  job = start_job ();
  fake_guest_send_u32 (port_guest, VQ_HELPER_EXITED, VQ_HELPER_STREAMS_MAX + 1, 0);
  job_assert_end (job, VQ_ENDED_EXITED, 0);
}

/* Ends of streams whose commands are dropped are due, and no surprise. */
TEST (free_with_commands)
{
  g_autoptr (Job) running = start_job ();
  g_autoptr (Job) killed = start_job ();
  g_autoptr (Job) next = NULL;

  vq_channel_kill (port_channel, killed->command);
  vq_channel_free (port_channel);
  port_channel = vq_helper_channel_new (port_tested);
  job_assert_failure (running, "the machine was closed while the command ran");
  job_assert_failure (killed, "the machine was closed while the command ran");
  next = start_job ();
  fake_guest_send (port_guest, VQ_HELPER_STDOUT, 1, "a", 1);
  fake_guest_send_u32 (port_guest, VQ_HELPER_SIGNALLED, 1, SIGKILL);
  fake_guest_send_u32 (port_guest, VQ_HELPER_SIGNALLED, 2, SIGKILL);
  fake_guest_send_u32 (port_guest, VQ_HELPER_EXITED, 3, 0);
  job_assert_end (next, VQ_ENDED_EXITED, 0);
  port_assert_seen ("");
}

/* Also one that has ended and whose output nobody reads. */
TEST (free_with_output)
{
  static const guint8 zeroes[VQ_HELPER_PAYLOAD_MAX];
  g_autoptr (Job) job = NULL;
  int ends[2];

  ck_assert_int_eq (pipe (ends), 0);
  job = job_start_with (port_channel, argv, job_make_file ("", 0), ends[1]);
  for (int i = 0; i < 3; i++)
    fake_guest_send (port_guest, VQ_HELPER_STDOUT, 1, zeroes, sizeof zeroes);
  fake_guest_send_u32 (port_guest, VQ_HELPER_EXITED, 1, 0);
  fake_guest_flush (port_guest);
  ck_assert (!job->done);
  g_clear_pointer (&port_channel, vq_channel_free);
  job_assert_failure (job, "the machine was closed while the command ran");
  close (ends[0]);
}

/* Its end is known: that the connection fails does not change it. */
TEST (failure_after_the_end)
{
  static const guint8 zeroes[VQ_HELPER_PAYLOAD_MAX];
  g_autofree char *buffer = g_malloc (4 * sizeof zeroes);
  g_autoptr (Job) job = NULL;
  gsize got = 0;
  int ends[2];

  ck_assert_int_eq (pipe (ends), 0);
  job = job_start_with (port_channel, argv, job_make_file ("", 0), ends[1]);
  for (int i = 0; i < 4; i++)
    fake_guest_send (port_guest, VQ_HELPER_STDOUT, 1, zeroes, sizeof zeroes);
  fake_guest_send_u32 (port_guest, VQ_HELPER_EXITED, 1, 7);
  fake_guest_flush (port_guest);
  fake_guest_hang_up (port_guest);
  port_assert_seen ("[the connection to the guest helper was closed]");
  ck_assert (!job->done);
  while (got < 4 * sizeof zeroes)
    {
      got += read (ends[0], buffer, 4 * sizeof zeroes);
      while (g_main_context_iteration (NULL, FALSE))
        ;
    }
  job_assert_end (job, VQ_ENDED_EXITED, 7);
  close (ends[0]);
}

TEST (helper_ends)
{
  Job *jobs[3] = { start_job (), start_job (), start_job () };

  vq_helper_port_set_open (port_tested, FALSE);
  for (guint i = 0; i < G_N_ELEMENTS (jobs); i++)
    {
      job_assert_failure (jobs[i], "the guest helper has ended (was it killed?)");
      job_free (jobs[i]);
    }
  g_string_truncate (port_told, 0);
}

/* A command is started from the end of another, and the channel freed. */
static void
start_next (const VqEnd *end, gpointer data)
{
  *(Job **)data = start_job ();
}

static void
free_channel (const VqEnd *end, gpointer data)
{
  if (port_channel != NULL)
    vq_channel_free (g_steal_pointer (&port_channel));
}

TEST (done_may_do_much)
{
  g_autoptr (Job) next = NULL;

  vq_channel_start (port_channel, argv, job_make_file ("", 0), job_make_file ("", 0),
                    job_make_file ("", 0), start_next, &next);
  fake_guest_send_u32 (port_guest, VQ_HELPER_EXITED, 1, 0);
  fake_guest_flush (port_guest);
  fake_guest_send_u32 (port_guest, VQ_HELPER_EXITED, 2, 5);
  job_assert_end (next, VQ_ENDED_EXITED, 5);
  for (int i = 0; i < 3; i++)
    vq_channel_start (port_channel, argv, job_make_file ("", 0), job_make_file ("", 0),
                      job_make_file ("", 0), free_channel, NULL);
  fake_guest_send_u32 (port_guest, VQ_HELPER_EXITED, 4, 0);
  fake_guest_send_u32 (port_guest, VQ_HELPER_EXITED, 3, 0);
  fake_guest_flush (port_guest);
  ck_assert_ptr_null (port_channel);
  port_assert_seen ("");
}
