// SPDX-License-Identifier: GPL-2.0-or-later
/* Copying a machine that runs, against a peer that plays QEMU; with the real one:
 * check_qemu_fork.c. */
#include "qemu/live-migration.h"

#include <check.h>
#include <signal.h>
#include <string.h>

#include "base/error.h"
#include "base/wait.h"
#include "fake-peer.h"
#include "leaks.h"
#include "suite.h"

#define PATIENCE 30 /* seconds */
#define CAPABILITIES                                                                               \
  "{\"capabilities\": [{\"capability\": \"events\", \"state\": true}, "                            \
  "{\"capability\": \"pause-before-switchover\", \"state\": true}, "                               \
  "{\"capability\": \"x-ignore-shared\", \"state\": false}]}"

static FakePeer *fake;
static VqQmp *qmp;
static VqCancel *cancel;
static guint n_called;      /* how often the callback was called */
static gboolean call_fails; /* what it says */

static void
ignore_event (const char *event, JsonObject *data, gpointer user_data)
{
}

static void
setup (void)
{
  int fd;

  signal (SIGPIPE, SIG_IGN);
  leaks_begin ();
  cancel = vq_cancel_new (NULL);
  fake = fake_peer_new (&fd);
  qmp = vq_qmp_new (fd, ignore_event, NULL);
  n_called = 0;
  call_fails = FALSE;
}

static void
teardown (void)
{
  fake_peer_end (fake);
  vq_qmp_free (qmp);
  vq_cancel_free (cancel);
  leaks_assert_none ();
}

static gboolean
be_called (GError **error)
{
  n_called++;
  return !call_fails || vq_error_set (error, VQ_ERROR_FAILED, "the disk is full");
}

static gboolean
on_still (gpointer data, GError **error)
{
  ck_assert_ptr_eq (data, fake);
  return be_called (error);
}

static gboolean
on_ask (const char *socket, gpointer data, GError **error)
{
  ck_assert_str_eq (socket, "/a/socket");
  ck_assert_ptr_eq (data, fake);
  return be_called (error);
}

static gboolean
migrate (gboolean sending, double seconds, GError **error)
{
  gint64 deadline = vq_deadline_in (seconds);

  return sending
             ? vq_live_migration_send (qmp, "/a/socket", on_still, fake, deadline, cancel, error)
             : vq_live_migration_receive (qmp, "/a/socket", on_ask, fake, deadline, cancel, error);
}

static void
assert_fails (gboolean sending, double seconds, const char *message)
{
  g_autoptr (GError) error = NULL;

  ck_assert (!migrate (sending, seconds, &error));
  ck_assert_msg (g_str_has_prefix (error->message, message), "%s", error->message);
}

static void
say_status (const char *status)
{
  g_autofree char *line = g_strdup_printf (
      "{\"event\": \"MIGRATION\", \"timestamp\": {}, \"data\": {\"status\": \"%s\"}}", status);

  fake_peer_line (fake, line);
}

static void
say_what_it_is (gboolean kvm, int version)
{
  g_autofree char *text
      = g_strdup_printf ("{\"qemu\": {\"major\": %d, \"minor\": 2, \"micro\": 1}}", version);

  fake_peer_serve (fake, "query-kvm",
                   kvm ? "{\"enabled\": true, \"present\": true}" : "{\"enabled\": false}");
  fake_peer_serve (fake, "query-version", text);
}

static void
expect_begin (gboolean sending)
{
  if (sending)
    {
      say_what_it_is (TRUE, 7);
      fake_peer_serve (fake, "migrate-set-parameters", "{}");
    }
  fake_peer_expect (fake, "migrate-set-capabilities", CAPABILITIES);
  fake_peer_reply (fake, "{}");
  fake_peer_expect (fake, sending ? "migrate" : "migrate-incoming",
                    "{\"uri\": \"unix:/a/socket\"}");
  fake_peer_reply (fake, "{}");
  say_status ("setup");
  say_status ("active");
}

CASE ("live", setup, teardown, 60)

TEST (sends)
{
  g_autoptr (GError) error = NULL;

  expect_begin (TRUE);
  say_status ("pre-switchover");
  fake_peer_expect (fake, "migrate-continue", "{\"state\": \"pre-switchover\"}");
  fake_peer_reply (fake, "{}");
  say_status ("device");
  say_status ("completed");
  fake_peer_serve (fake, "query-status", "{\"status\": \"finish-migrate\"}");
  fake_peer_serve (fake, "query-status", "{\"status\": \"postmigrate\"}");
  ck_assert_msg (migrate (TRUE, PATIENCE, &error), "%s", error != NULL ? error->message : "");
  ck_assert_uint_eq (n_called, 1);
}

/* Under TCG an older QEMU loses what the guest writes meanwhile, so the guest stands still. */
TEST (stops_before_where_writes_are_lost)
{
  for (int version = 7; version <= 9; version += 2)
    {
      say_what_it_is (FALSE, version);
      fake_peer_serve (fake, "migrate-set-parameters", "{}");
      if (version < 9)
        fake_peer_serve (fake, "stop", "{}");
      fake_peer_serve (fake, "migrate-set-capabilities", "{}");
      fake_peer_serve (fake, "migrate", "{}");
      say_status ("failed");
      fake_peer_serve (fake, "query-migrate", "{\"error-desc\": \"no\"}");
      assert_fails (TRUE, PATIENCE, "no");
    }
}

TEST (receives)
{
  g_autoptr (GError) error = NULL;

  expect_begin (FALSE);
  say_status ("completed");
  ck_assert_msg (migrate (FALSE, PATIENCE, &error), "%s", error != NULL ? error->message : "");
  ck_assert_uint_eq (n_called, 1);
}

/* What belongs to the machine could not be copied: QEMU must end the migration before the machine
 * can go on. */
TEST (files_cannot_be_copied)
{
  call_fails = TRUE;
  expect_begin (TRUE);
  say_status ("pre-switchover");
  fake_peer_serve (fake, "migrate_cancel", "{}");
  say_status ("cancelling");
  say_status ("cancelled");
  assert_fails (TRUE, PATIENCE, "the disk is full");
}

/* Nobody has been told that it may go on. */
TEST (sender_refuses)
{
  call_fails = TRUE;
  expect_begin (FALSE);
  assert_fails (FALSE, PATIENCE, "the disk is full");
}

TEST_LOOP (fails, 0, 2)
{
  expect_begin (_i);
  say_status ("failed");
  fake_peer_expect (fake, "query-migrate", "");
  fake_peer_reply (fake, "{\"error-desc\": \"socket\\nclosed\"}");
  assert_fails (_i, PATIENCE, "socket closed");
  ck_assert_uint_eq (n_called, !_i);
}

/* A guest that writes faster than QEMU can send never stands still. */
TEST (does_not_converge)
{
  expect_begin (TRUE);
  fake_peer_serve (fake, "migrate_cancel", "{}");
  say_status ("cancelled");
  assert_fails (TRUE, 0.3, "no migration's \"pre-switchover\"");
  ck_assert_uint_eq (n_called, 0);
}

TEST (refused)
{
  say_what_it_is (TRUE, 7);
  fake_peer_serve (fake, "migrate-set-parameters", "{}");
  fake_peer_serve (fake, "migrate-set-capabilities", "{}");
  fake_peer_expect (fake, "migrate", NULL);
  fake_peer_error (fake, "Migration is disabled when VirtFS export path is mounted");
  assert_fails (TRUE, PATIENCE, "migrate: QMP: Migration is disabled");
}
