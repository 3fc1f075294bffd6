// SPDX-License-Identifier: GPL-2.0-or-later
#include "channel/agent-pipe.h"

#include <check.h>
#include <signal.h>
#include <string.h>

#include "base/error.h"
#include "fake-agent.h"
#include "leaks.h"
#include "suite.h"

#define PATIENCE 60 /* seconds */
#define PID 12

static FakeAgent *fake;
static VqAgentPipe *agent_pipe;

/* What the handlers were told, as text: "opened o:bytes failed". */
static GString *told;
static gboolean has_failed;
static guint n_quiet;
static char free_at; /* the frame at which the handler frees the pipe */

static void
on_opened (gpointer data)
{
  g_string_append (told, "opened ");
}

static void
on_frame (char type, const guint8 *bytes, gsize n, gpointer data)
{
  if (n > 100)
    g_string_append_printf (told, "%c:%zu bytes ", type, n);
  else
    g_string_append_printf (told, "%c:%.*s ", type, (int)n, (const char *)bytes);
  if (type == free_at)
    g_clear_pointer (&agent_pipe, vq_agent_pipe_free);
}

static void
on_quiet (gpointer data)
{
  n_quiet++;
}

static void
on_failed (const GError *error, gpointer data)
{
  g_string_append_printf (told, "failed: %s", error->message);
  ck_assert (!has_failed);
  has_failed = TRUE;
  g_clear_pointer (&agent_pipe, vq_agent_pipe_free);
}

static const VqAgentPipeHandlers handlers = { on_opened, on_frame, on_quiet, on_failed };

static void
setup (void)
{
  signal (SIGPIPE, SIG_IGN);
  leaks_begin ();
  told = g_string_new (NULL);
  has_failed = FALSE;
  n_quiet = 0;
  free_at = '\0';
  fake = fake_agent_new ();
}

static void
teardown (void)
{
  g_clear_pointer (&agent_pipe, vq_agent_pipe_free);
  g_clear_pointer (&fake, fake_agent_free);
  g_string_free (told, TRUE);
  leaks_assert_none ();
}

/* A pipe that holds BYTES. */
static void
start (const void *bytes, gsize n)
{
  fake_agent_say (fake, bytes, n);
  g_clear_pointer (&agent_pipe, vq_agent_pipe_free);
  agent_pipe = vq_agent_pipe_new (fake_agent_get (fake), PID, &handlers, NULL);
}

static gboolean
is_told (gpointer data)
{
  return strstr (told->str, data) != NULL;
}

static void
wait_for (const char *text)
{
  ck_assert_msg (
      vq_wait_until (is_told, (gpointer)text, vq_deadline_in (PATIENCE), NULL, text, NULL),
      "told \"%s\" instead of \"%s\"", told->str, text);
}

/* Requests are carried out in their order: those before this one are done then. */
static void
let_it_answer (void)
{
  ck_assert (vq_guest_agent_call (fake_agent_get (fake), "guest-ping", NULL, NULL,
                                  vq_deadline_in (PATIENCE), NULL, NULL));
}

CASE ("agent-pipe", setup, teardown, 120)

TEST (opens_and_says_hello)
{
  g_autofree char *written = NULL;

  start ("", 0);
  wait_for ("opened");
  let_it_answer ();
  written = fake_agent_take_written (fake);
  ck_assert_str_eq (written, "h0000000");
  ck_assert_uint_eq (fake_agent_take_count (fake, "guest-file-open"), 2);
}

TEST (frames)
{
  static const char bytes[] = "r0000000o0000005helloe0000001!x0000002E0";

  start (bytes, sizeof bytes - 1);
  wait_for ("x:E0");
  ck_assert_str_eq (told->str, "opened r: o:hello e:! x:E0 ");
}

TEST (block_limit)
{
  for (int over = -1; over <= 1; over++)
    {
      g_autofree char *payload = g_strnfill (VQ_AGENT_PIPE_BLOCK + over, 'p');
      g_autofree char *frame = g_strdup_printf ("o%07d%s", VQ_AGENT_PIPE_BLOCK + over, payload);
      g_autofree char *expected = g_strdup_printf ("o:%d bytes", VQ_AGENT_PIPE_BLOCK + over);

      g_string_truncate (told, 0);
      start (frame, strlen (frame));
      wait_for (over <= 0 ? expected : "failed: garbage from the runner in the guest");
    }
}

TEST (garbage)
{
  static const char *const headers[]
      = { "o000000 ", "o-000001", "o+000001", "o0x00001", "o000\n001", "o999999\377", "--------" };

  for (guint i = 0; i < G_N_ELEMENTS (headers); i++)
    {
      g_string_truncate (told, 0);
      has_failed = FALSE;
      start (headers[i], 8);
      wait_for ("failed: garbage from the runner in the guest");
    }
}

/* Replies to each of the requests that are not what the agent's schema says. */
TEST (strange_replies)
{
  static const struct
  {
    const char *command, *reply, *error;
  } cases[] = {
    { "guest-file-open", "{\"return\": null", "guest-file-open: not a handle" },
    { "guest-file-open", "{\"return\": \"1\"", "guest-file-open: not a handle" },
    { "guest-file-open", "{\"return\": {}", "guest-file-open: not a handle" },
    { "guest-file-open", "{\"return\": [1]", "guest-file-open: not a handle" },
    { "guest-file-open", "{\"return\": -1", "guest-file-open: not a handle" },
    { "guest-file-open", "{\"error\": {\"desc\": \"disabled\"}", "guest agent: disabled" },
    { "guest-file-read", "{\"return\": 1", "not the bytes that were asked for" },
    { "guest-file-read", "{\"return\": {}", "not the bytes that were asked for" },
    { "guest-file-read", "{\"return\": {\"buf-b64\": 1}", "not the bytes that were asked for" },
    { "guest-file-read", "{\"return\": {\"buf-b64\": \"\"}", "not the bytes that were asked for" },
    { "guest-file-read", "{\"return\": {\"buf-b64\": \"@@@@\"}",
      "not the bytes that were asked for" },
    { "guest-file-read", "{\"return\": {\"buf-b64\": \"AAAAAAAAAAAA\"}",
      "not the bytes that were asked for" },
    { "guest-file-read", "{\"error\": {\"desc\": \"handle not found\"}",
      "guest agent: handle not found" },
    { "guest-file-write", "{\"error\": {\"desc\": \"disk full\"}", "guest agent: disk full" },
    { "guest-file-flush", "{\"error\": {\"desc\": \"broken\"}", "guest agent: broken" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_string_truncate (told, 0);
      has_failed = FALSE;
      fake_agent_answer (fake, cases[i].command, cases[i].reply);
      start ("r0000000", 8);
      wait_for ("failed: ");
      ck_assert_msg (strstr (told->str, cases[i].error) != NULL, "%s", told->str);
    }
}

/* Every frame may be the last one that the handler wants. */
TEST (handler_frees_the_pipe)
{
  static const char bytes[] = "r0000000o0000005helloe0000001!";

  for (const char *type = "roe"; *type != '\0'; type++)
    {
      const char text[] = { *type, ':', '\0' };

      g_string_truncate (told, 0);
      free_at = *type;
      start (bytes, sizeof bytes - 1);
      wait_for (text);
      ck_assert_ptr_null (agent_pipe);
      ck_assert (vq_wait_pause (20, NULL, NULL));
      ck_assert (g_str_has_suffix (told->str, *type == 'o'   ? "o:hello "
                                              : *type == 'r' ? "r: "
                                                             : "e:! "));
    }
}

/* Each failure is a line in the guest's journal: not many a second. */
TEST (polls_slowly)
{
  guint n;

  fake_agent_answer (fake, "guest-file-open", "{\"error\": {\"desc\": \"failed to open file\"}");
  start ("", 0);
  ck_assert (vq_wait_pause (1000, NULL, NULL));
  n = fake_agent_take_count (fake, "guest-file-open");
  ck_assert_msg (n >= 2 && n <= 16, "%u times", n);
  fake_agent_answer (fake, NULL, NULL);
  wait_for ("opened");
  fake_agent_take_count (fake, "guest-file-read");
  ck_assert (vq_wait_pause (1000, NULL, NULL));
  n = fake_agent_take_count (fake, "guest-file-read");
  ck_assert_msg (n >= 2 && n <= 32, "%u times", n);
}

TEST (first_try_comes_after_a_while)
{
  gint64 begin = g_get_monotonic_time ();

  start ("", 0);
  wait_for ("opened");
  ck_assert_int_ge (g_get_monotonic_time () - begin, 35 * 1000);
}

TEST (quiet)
{
  start ("", 0);
  ck_assert (vq_wait_pause (2500, NULL, NULL));
  ck_assert_msg (n_quiet >= 1 && n_quiet <= 2, "%u times", n_quiet);
}

TEST (agent_hangs_up)
{
  start ("", 0);
  wait_for ("opened");
  fake_agent_hang_up (fake);
  wait_for ("failed: guest agent: connection closed");
}

/* In a pause, and with a request under way. */
TEST (agent_goes_away)
{
  for (int silent = 0; silent <= 1; silent++)
    {
      g_string_truncate (told, 0);
      has_failed = FALSE;
      fake_agent_be_silent (fake, FALSE);
      vq_guest_agent_set_open (fake_agent_get (fake), TRUE);
      start ("", 0);
      wait_for ("opened");
      fake_agent_be_silent (fake, silent);
      ck_assert (vq_wait_pause (200, NULL, NULL));
      vq_guest_agent_set_open (fake_agent_get (fake), FALSE);
      wait_for ("failed: guest agent: it has gone away");
    }
}

TEST (sends_blocks)
{
  g_autofree char *payload = g_strnfill (VQ_AGENT_PIPE_BLOCK, 'p');
  g_autofree char *expected
      = g_strdup_printf ("h0000000A0000000i%07d%si0000000", VQ_AGENT_PIPE_BLOCK, payload);
  g_autofree char *written = NULL;

  start ("", 0);
  wait_for ("opened");
  vq_agent_pipe_send (agent_pipe, 'A', NULL, 0);
  vq_agent_pipe_send (agent_pipe, 'i', (const guint8 *)payload, VQ_AGENT_PIPE_BLOCK);
  vq_agent_pipe_send (agent_pipe, 'i', NULL, 0);
  let_it_answer ();
  written = fake_agent_take_written (fake);
  ck_assert_str_eq (written, expected);
}

TEST (closes_both_ends)
{
  start ("", 0);
  wait_for ("opened");
  g_clear_pointer (&agent_pipe, vq_agent_pipe_free);
  let_it_answer ();
  ck_assert_uint_eq (fake_agent_take_count (fake, "guest-file-close"), 2);
}
