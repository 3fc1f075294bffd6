// SPDX-License-Identifier: GPL-2.0-or-later
/* With the real qemu-ga on this machine, and with one that answers what a test wants. */
#include "channel/guest-agent.h"

#include <check.h>
#include <glib/gstdio.h>
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

TEST (sync_and_ping)
{
  VqGuestAgent *agent = host_agent_get (host);

  for (int i = 0; i < 3; i++)
    {
      ck_assert (vq_guest_agent_sync (agent, soon (), NULL, NULL));
      ck_assert (vq_guest_agent_call (agent, "guest-ping", NULL, NULL, soon (), NULL, NULL));
    }
}

TEST (errors_of_the_agent)
{
  g_autoptr (GError) error = NULL;

  ck_assert (!vq_guest_agent_call (host_agent_get (host), "guest-no-such-thing", NULL, NULL,
                                   soon (), NULL, &error));
  ck_assert (g_error_matches (error, VQ_ERROR, VQ_ERROR_PEER));
  ck_assert_ptr_nonnull (strstr (error->message, "guest-no-such-thing"));
  ck_assert (
      vq_guest_agent_call (host_agent_get (host), "guest-ping", NULL, NULL, soon (), NULL, NULL));
}

TEST (run)
{
  static const struct
  {
    const char *script;
    int status;
    const char *out, *error;
  } cases[] = {
    { "exit 0", 0, "", NULL },
    { "echo out; echo err >&2", 0, "out\n", NULL },
    { "echo out; echo err >&2; exit 7", 7, "out\n", "sh: exit status 7: err" },
    { "exit 255", 255, "", "sh: exit status 255: " },
    { "kill -9 $$", -1, NULL, "sh: killed by signal 9" },
    { "cat", 0, "", NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const char *const argv[] = { "sh", "-c", cases[i].script, NULL };
      g_autoptr (GError) error = NULL;
      g_autofree char *out = NULL;
      int status = -1;
      gboolean done;

      done = vq_guest_agent_run (host_agent_get (host), argv, &status, &out, soon (), NULL, NULL);
      ck_assert_int_eq (done, cases[i].out != NULL);
      ck_assert_int_eq (status, cases[i].status);
      ck_assert_pstr_eq (out, cases[i].out);
      done = vq_guest_agent_run (host_agent_get (host), argv, NULL, NULL, soon (), NULL, &error);
      ck_assert_int_eq (done, cases[i].error == NULL);
      ck_assert_pstr_eq (error != NULL ? error->message : NULL, cases[i].error);
    }
}

TEST (run_nothing)
{
  static const char *const argv[] = { "/nonexistent", NULL };
  g_autoptr (GError) error = NULL;

  ck_assert (!vq_guest_agent_run (host_agent_get (host), argv, NULL, NULL, soon (), NULL, &error));
  ck_assert_ptr_nonnull (strstr (error->message, "/nonexistent in the guest: "));
}

TEST (run_with_a_deadline)
{
  static const char *const argv[] = { "sleep", "2", NULL };
  g_autoptr (GError) error = NULL;

  ck_assert (!vq_guest_agent_run (host_agent_get (host), argv, NULL, NULL, vq_deadline_in (0.3),
                                  NULL, &error));
  ck_assert (vq_error_is_timeout (error));
}

TEST (write_file)
{
  static const gsize sizes[] = { 0, 1, 32767, 32768, 32769, 1000000 };
  g_autofree char *path = g_build_filename (host_agent_get_directory (host), "file", NULL);

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autofree char *bytes = g_malloc (sizes[i] + 1);
      g_autofree char *got = NULL;
      gsize n;

      for (gsize at = 0; at < sizes[i]; at++)
        bytes[at] = (char)(at * 7 + at / 256);
      ck_assert (vq_guest_agent_write_file (host_agent_get (host), path, bytes, sizes[i], soon (),
                                            NULL, NULL));
      ck_assert (g_file_get_contents (path, &got, &n, NULL));
      ck_assert_uint_eq (n, sizes[i]);
      ck_assert (n == 0 || memcmp (got, bytes, n) == 0);
    }
}

TEST (write_file_nowhere)
{
  g_autoptr (GError) error = NULL;

  ck_assert (!vq_guest_agent_write_file (host_agent_get (host), "/nonexistent/file", "x", 1,
                                         soon (), NULL, &error));
  ck_assert_ptr_nonnull (strstr (error->message, "/nonexistent/file"));
}

TEST (killed)
{
  g_autoptr (GError) error = NULL;

  kill (host_agent_get_pid (host), SIGKILL);
  ck_assert (!vq_guest_agent_call (host_agent_get (host), "guest-ping", NULL, NULL, soon (), NULL,
                                   &error));
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

TEST (sync_after_a_timeout)
{
  VqGuestAgent *agent = fake_agent_get (fake);

  ck_assert (vq_guest_agent_call (agent, "guest-ping", NULL, NULL, soon (), NULL, NULL));
  ck_assert (vq_guest_agent_call (agent, "guest-ping", NULL, NULL, soon (), NULL, NULL));
  ck_assert_uint_eq (fake_agent_take_count (fake, "guest-sync-delimited"), 1);
  fake_agent_be_silent (fake, TRUE);
  ck_assert (
      !vq_guest_agent_call (agent, "guest-ping", NULL, NULL, vq_deadline_in (0.1), NULL, NULL));
  fake_agent_be_silent (fake, FALSE);
  ck_assert (vq_guest_agent_call (agent, "guest-ping", NULL, NULL, soon (), NULL, NULL));
  ck_assert_uint_eq (fake_agent_take_count (fake, "guest-sync-delimited"), 1);
}

static void
note_reply (JsonNode *result, const GError *error, gpointer data)
{
  ck_assert_int_eq (result == NULL, error != NULL);
  *(int *)data += error != NULL ? 100 : 1;
}

TEST (requests_while_it_is_away)
{
  VqGuestAgent *agent = fake_agent_get (fake);
  int replies = 0;
  gint64 forgotten;

  vq_guest_agent_set_open (agent, FALSE);
  vq_guest_agent_send (agent, "guest-ping", NULL, note_reply, &replies);
  forgotten = vq_guest_agent_send (agent, "guest-ping", NULL, note_reply, &replies);
  vq_guest_agent_send (agent, "guest-ping", NULL, note_reply, &replies);
  vq_guest_agent_send (agent, "guest-ping", NULL, NULL, NULL);
  vq_guest_agent_forget (agent, forgotten);
  ck_assert_int_eq (replies, 0);
  ck_assert (vq_wait_pause (50, NULL, NULL));
  ck_assert_int_eq (replies, 200);
  ck_assert_uint_eq (fake_agent_take_count (fake, "guest-ping"), 0);
  vq_guest_agent_send (agent, "guest-ping", NULL, note_reply, &replies); /* freed with it */
}

TEST (pending_requests_fail)
{
  VqGuestAgent *agent = fake_agent_get (fake);
  int replies = 0;

  fake_agent_be_silent (fake, TRUE);
  for (int i = 0; i < 5; i++)
    vq_guest_agent_send (agent, "guest-ping", NULL, note_reply, &replies);
  vq_guest_agent_set_open (agent, FALSE);
  ck_assert (vq_wait_pause (50, NULL, NULL));
  ck_assert_int_eq (replies, 500);
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
    { "guest-exec-status", "{\"return\": {\"exited\": true, \"out-data\": 7}" },
    { "guest-exec-status", "{\"return\": {\"exited\": true, \"signal\": {}}" },
    { "guest-exec-status", "{\"error\": 7" },
  };
  static const char *const argv[] = { "true", NULL };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *out = NULL;

      fake_agent_answer (fake, cases[i].command, cases[i].reply);
      ck_assert_msg (
          !vq_guest_agent_run (fake_agent_get (fake), argv, NULL, &out, soon (), NULL, &error),
          "%s", cases[i].reply);
      ck_assert_ptr_nonnull (error);
      ck_assert_ptr_null (out);
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
