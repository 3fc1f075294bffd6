// SPDX-License-Identifier: GPL-2.0-or-later
/* With the real qemu-ga on this machine, and with one that answers what a test wants. */
#include "channel/guest-agent.h"

#include <check.h>
#include <signal.h>
#include <string.h>

#include "base/error.h"
#include "fake-agent.h"
#include "host-agent.h"
#include "leaks.h"
#include "suite.h"

#define PATIENCE 60 /* seconds */

static HostAgent *host;
static FakeAgent *fake;

static void
setup (void)
{
  signal (SIGPIPE, SIG_IGN);
  leaks_begin ();
  host = host_agent_new ();
  fake = fake_agent_new ();
}

static void
teardown (void)
{
  g_clear_pointer (&fake, fake_agent_free);
  g_clear_pointer (&host, host_agent_free);
  host_agent_assert_no_orphans ();
  leaks_assert_none ();
}

static gint64
soon (void)
{
  return vq_deadline_in (PATIENCE);
}

int
suite_prepare (int argc, char **argv)
{
  host_agent_adopt_orphans ();
  return -1;
}

CASE ("guest-agent", setup, teardown, 120)

/* SCRIPT is run by sh. */
static gboolean
run_for (VqGuestAgent *agent, const char *script, double seconds, GError **error)
{
  const char *const argv[] = { "sh", "-c", script, NULL };

  return vq_guest_agent_run (agent, argv, vq_deadline_in (seconds), NULL, error);
}

static gboolean
run_script (VqGuestAgent *agent, const char *script, GError **error)
{
  return run_for (agent, script, PATIENCE, error);
}

TEST (sync_again_and_again)
{
  VqGuestAgent *agent = host_agent_get (host);

  for (int i = 0; i < 3; i++)
    {
      ck_assert (vq_guest_agent_sync (agent, soon (), NULL, NULL));
      ck_assert (run_script (agent, "true", NULL));
    }
}

TEST (run)
{
  static const struct
  {
    const char *script, *error;
  } cases[] = {
    { "exit 0", NULL },
    { "echo out; echo err >&2", NULL },
    { "echo out; echo err >&2; exit 7", "sh: exit status 7: err" },
    { "exit 255", "sh: exit status 255: " },
    { "kill -9 $$", "sh: killed by signal 9" },
    { "cat", NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      gboolean done = run_script (host_agent_get (host), cases[i].script, &error);

      ck_assert_int_eq (done, cases[i].error == NULL);
      ck_assert_pstr_eq (error != NULL ? error->message : NULL, cases[i].error);
    }
}

/* The agent refuses, and goes on. */
TEST (run_nothing)
{
  static const char *const argv[] = { "/nonexistent", NULL };
  g_autoptr (GError) error = NULL;

  ck_assert (!vq_guest_agent_run (host_agent_get (host), argv, soon (), NULL, &error));
  ck_assert (g_error_matches (error, VQ_ERROR, VQ_ERROR_PEER));
  ck_assert_ptr_nonnull (strstr (error->message, "/nonexistent in the guest: guest-exec: "));
  ck_assert (run_script (host_agent_get (host), "true", NULL));
}

TEST (run_with_a_deadline)
{
  g_autoptr (GError) error = NULL;

  ck_assert (!run_for (host_agent_get (host), "sleep 2", 0.3, &error));
  ck_assert (vq_error_is_timeout (error));
}

TEST (killed)
{
  g_autoptr (GError) error = NULL;

  kill (host_agent_get_pid (host), SIGKILL);
  ck_assert (!run_script (host_agent_get (host), "true", &error));
  ck_assert_ptr_nonnull (strstr (error->message, "guest agent: connection closed"));
}

/* The port is never opened. */
TEST (not_there)
{
  g_autoptr (GError) error = NULL;

  vq_guest_agent_set_open (fake_agent_get (fake), FALSE);
  ck_assert (!vq_guest_agent_sync (fake_agent_get (fake), vq_deadline_in (0.2), NULL, &error));
  ck_assert (vq_error_is_timeout (error));
  ck_assert_ptr_nonnull (strstr (error->message, "no sign of qemu-guest-agent in the guest"));
  ck_assert_uint_eq (fake_agent_take_count (fake, "guest-sync-delimited"), 0);
}

static gboolean
open_it (gpointer data)
{
  vq_guest_agent_set_open (fake_agent_get (fake), TRUE);
  return G_SOURCE_REMOVE;
}

TEST (comes_later)
{
  vq_guest_agent_set_open (fake_agent_get (fake), FALSE);
  g_timeout_add (50, open_it, NULL);
  ck_assert (vq_guest_agent_sync (fake_agent_get (fake), soon (), NULL, NULL));
}

/* An agent that is slow to read is asked again, not given up. */
TEST (sync_is_repeated)
{
  g_autoptr (GError) error = NULL;

  fake_agent_be_silent (fake, TRUE);
  ck_assert (!vq_guest_agent_sync (fake_agent_get (fake), vq_deadline_in (3.5), NULL, &error));
  ck_assert (vq_error_is_timeout (error));
  ck_assert_uint_eq (fake_agent_take_count (fake, "guest-sync-delimited"), 2);
}

/* An agent may have the command disabled. It is asked again, but a few times a second only. */
TEST (sync_is_refused)
{
  g_autoptr (GError) error = NULL;

  fake_agent_answer (fake, "guest-sync-delimited", "{\"error\": {\"desc\": \"disabled\"}");
  ck_assert (!vq_guest_agent_sync (fake_agent_get (fake), vq_deadline_in (1), NULL, &error));
  ck_assert_str_eq (error->message, "guest-sync-delimited: guest agent: disabled");
  ck_assert_uint_le (fake_agent_take_count (fake, "guest-sync-delimited"), 6);
  fake_agent_answer (fake, NULL, NULL);
  ck_assert (vq_guest_agent_sync (fake_agent_get (fake), soon (), NULL, NULL));
}

/* A late reply is nobody else's. */
TEST (sync_after_a_timeout)
{
  VqGuestAgent *agent = fake_agent_get (fake);

  ck_assert (run_script (agent, "true", NULL));
  ck_assert (run_script (agent, "true", NULL));
  ck_assert_uint_eq (fake_agent_take_count (fake, "guest-sync-delimited"), 1);
  fake_agent_be_silent (fake, TRUE);
  ck_assert (!run_for (agent, "true", 0.1, NULL));
  fake_agent_be_silent (fake, FALSE);
  ck_assert (run_script (agent, "true", NULL));
  ck_assert_uint_eq (fake_agent_take_count (fake, "guest-sync-delimited"), 1);
}

static gboolean
close_it (gpointer data)
{
  vq_guest_agent_set_open (fake_agent_get (fake), FALSE);
  return G_SOURCE_REMOVE;
}

TEST (goes_away)
{
  VqGuestAgent *agent = fake_agent_get (fake);
  g_autoptr (GError) error = NULL;

  ck_assert (vq_guest_agent_sync (agent, soon (), NULL, NULL));
  fake_agent_be_silent (fake, TRUE);
  g_timeout_add (50, close_it, NULL);
  ck_assert (!run_script (agent, "true", &error));
  ck_assert_ptr_nonnull (strstr (error->message, "guest agent: it has gone away"));
  ck_assert (!run_for (agent, "true", 0.1, NULL));
  ck_assert_uint_eq (fake_agent_take_count (fake, "guest-exec"), 1);
}

/* Values of the wrong types, where a command runs. */
TEST (strange_replies)
{
  static const struct
  {
    const char *command, *reply;
  } cases[] = {
    { "guest-exec", "{\"return\": 1" },
    { "guest-exec", "{\"return\": {\"pid\": \"1\"}" },
    { "guest-exec", "{\"return\": []" },
    { "guest-exec-status", "{\"return\": null" },
    { "guest-exec-status", "{\"return\": {\"exited\": \"yes\"}" },
    { "guest-exec-status", "{\"return\": {\"exited\": true, \"exitcode\": \"0\"}" },
    { "guest-exec-status", "{\"return\": {\"exited\": true, \"signal\": {}}" },
    { "guest-exec-status", "{\"error\": 7" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      fake_agent_answer (fake, cases[i].command, cases[i].reply);
      ck_assert_msg (!run_script (fake_agent_get (fake), "true", &error), "%s", cases[i].reply);
      ck_assert_ptr_nonnull (error);
    }
}

TEST (shut_down)
{
  VqGuestAgent *agent = fake_agent_get (fake);

  vq_guest_agent_power_off (agent);
  vq_guest_agent_reboot (agent);
  ck_assert (vq_guest_agent_sync (agent, soon (), NULL, NULL));
  ck_assert_uint_eq (fake_agent_take_count (fake, "guest-shutdown"), 2);
  vq_guest_agent_set_open (agent, FALSE);
  vq_guest_agent_power_off (agent);
  vq_guest_agent_set_open (agent, TRUE);
  ck_assert (vq_guest_agent_sync (agent, soon (), NULL, NULL));
  ck_assert_uint_eq (fake_agent_take_count (fake, "guest-shutdown"), 0);
}
