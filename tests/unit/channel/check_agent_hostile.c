// SPDX-License-Identifier: GPL-2.0-or-later
/* The agent channel with a guest that has been taken over: no runner says such things. */
#include "channel/agent-channel.h"

#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "agent-job.h"
#include "fake-agent.h"
#include "leaks.h"
#include "suite.h"

#define PATIENCE 60 /* seconds; for things that take none */

static FakeAgent *fake;
static VqChannel *channel;

static void
setup (void)
{
  g_autoptr (GError) error = NULL;

  signal (SIGPIPE, SIG_IGN);
  leaks_begin ();
  fake = fake_agent_new ();
  channel = vq_agent_channel_new (fake_agent_get (fake), "/dir", vq_deadline_in (PATIENCE), NULL,
                                  &error);
  ck_assert_msg (channel != NULL, "%s", error != NULL ? error->message : "");
}

static void
teardown (void)
{
  g_clear_pointer (&channel, vq_channel_free);
  g_clear_pointer (&fake, fake_agent_free);
  leaks_assert_none ();
}

CASE ("hostile", setup, teardown, 240)

TEST (hostile_frames)
{
  static const struct
  {
    const char *bytes, *error;
  } cases[] = {
    { "z0000000", "frame of no known type" },
    { "h0000000", "frame of no known type" },
    { "x0000000", "nonsense" },
    { "x0000001E", "nonsense" },
    { "x0000004E256", "nonsense" },
    { "x0000003E-1", "nonsense" },
    { "x0000003Eab", "nonsense" },
    { "x0000002S0", "nonsense" },
    { "x0000003S65", "nonsense" },
    { "x0000002Q0", "nonsense" },
    { "x0000022E000000000000000000256", "nonsense" },
    { "GARBAGE!GARBAGE!", "garbage from the runner" },
    { "o-000001X", "garbage from the runner" },
    { "o0024577", "garbage from the runner" },
    { "o9999999", "garbage from the runner" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (Job) job = NULL;

      fake_agent_say (fake, cases[i].bytes, strlen (cases[i].bytes));
      job = job_shell (channel, "true");
      job_assert_failure (job, cases[i].error);
    }
}

/* A second block before the first one is acknowledged: nobody reads, so it cannot have been. */
TEST (block_without_being_asked)
{
  static const char *const argv[] = { "true", NULL };
  static const char frames[] = "o0000001Xo0000001Y";
  g_autoptr (Job) job = NULL;
  int ends[2];

  ck_assert_int_eq (pipe2 (ends, O_CLOEXEC), 0);
  ck_assert_int_eq (fcntl (ends[1], F_SETFL, O_NONBLOCK), 0);
  while (write (ends[1], "full", 4) > 0)
    ;
  fake_agent_say (fake, frames, sizeof frames - 1);
  job = job_start_with (channel, argv, job_make_file ("", 0), ends[1]);
  job_assert_failure (job, "sent more than it may");
  close (ends[0]);
}

/* Frames that are merely odd do no harm. */
TEST (odd_frames)
{
  static const struct
  {
    const char *bytes;
    VqEndKind kind;
    int value;
    const char *out;
  } cases[] = {
    { "x0000002E0", VQ_ENDED_EXITED, 0, "" },
    { "x0000004E255", VQ_ENDED_EXITED, 255, "" },
    { "x0000003S64", VQ_ENDED_SIGNALLED, 64, "" },
    { "r0000000r0000000r0000000x0000002E1", VQ_ENDED_EXITED, 1, "" },
    { "o0000003outx0000002E2", VQ_ENDED_EXITED, 2, "out" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (Job) job = NULL;

      fake_agent_say (fake, cases[i].bytes, strlen (cases[i].bytes));
      job = job_shell (channel, "true");
      job_assert_end (job, cases[i].kind, cases[i].value);
      job_assert_text (job->out, cases[i].out);
    }
}

/* Replies that are not what the agent's schema says. */
TEST (hostile_replies)
{
  static const char *const commands[]
      = { "guest-exec",        "guest-file-open",  "guest-file-read",
          "guest-exec-status", "guest-file-write", "guest-file-flush" };
  static const char *const replies[] = {
    "{\"return\": null",
    "{\"return\": 3.5",
    "{\"return\": \"7\"",
    "{\"return\": []",
    "{\"return\": true",
    "{\"return\": {\"pid\": \"1\", \"buf-b64\": 7, \"exited\": 1}",
    "{\"return\": {\"pid\": [], \"buf-b64\": \"!!!!\", \"exited\": \"yes\"}",
    "{\"return\": {\"buf-b64\": \"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",
    "{\"error\": {\"desc\": 7}",
    "{\"error\": []",
    "{\"error\": {\"desc\": \"no\"}",
  };

  for (guint c = 0; c < G_N_ELEMENTS (commands); c++)
    for (guint r = 0; r < G_N_ELEMENTS (replies); r++)
      {
        g_autoptr (Job) job = NULL;

        if (c >= 3 && r < 8)
          continue; /* a status that says nothing: we go on asking; what is written needs no value
                     */
        fake_agent_say (fake, "", 0);
        fake_agent_answer (fake, commands[c], replies[r]);
        job = job_shell (channel, "true");
        job_assert_end (job, VQ_ENDED_FAILED, 0);
        fake_agent_answer (fake, NULL, NULL);
      }
}

/* The runner says nothing, and then the agent says it has ended. */
TEST (silent_runner)
{
  g_autoptr (Job) job = NULL;

  fake_agent_say (fake, "", 0);
  fake_agent_answer (fake, "guest-exec-status", "{\"return\": {\"exited\": true, \"exitcode\": 9}");
  job = job_shell (channel, "true");
  job_assert_failure (job, "ended without a word");
}
