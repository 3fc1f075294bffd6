// SPDX-License-Identifier: GPL-2.0-or-later
/* Tests how commands of the ssh channel log in, with the real sshd and with servers that are not
 * ssh servers. */

#include <check.h>
#include <signal.h>
#include <string.h>

#include "agent-job.h"
#include "base/error.h"
#include "channel/channel-capture.h"
#include "host-agent.h"
#include "host-sshd.h"
#include "leaks.h"
#include "ssh/ssh-channel.h"
#include "ssh/ssh-key.h"
#include "suite.h"

#define PATIENCE 60 /* seconds; for things that take none */

static HostSshd *host;
static VqSshLogin *login;

static void
setup (void)
{
  signal (SIGPIPE, SIG_IGN);
  host_agent_adopt_orphans (); /* in each test, because each may be a process of its own */
  leaks_begin ();
  host = host_sshd_new (NULL);
  login = host_sshd_get_login (host);
}

static void
teardown (void)
{
  host_agent_assert_no_orphans ();
  g_clear_pointer (&host, host_sshd_free);
  leaks_assert_none ();
}

/* Runs "true" on a new channel that tries for SECONDS to log in. */
static gboolean
try_to_run (double seconds, VqCancel *cancel, GError **error)
{
  static const char *const argv[] = { "true", NULL };
  g_autoptr (VqChannel) channel = vq_ssh_channel_new (login, vq_deadline_in (seconds));

  return vq_channel_capture (channel, argv, NULL, vq_deadline_in (PATIENCE), cancel, error);
}

static void
assert_in (double seconds)
{
  g_autoptr (GError) error = NULL;

  ck_assert_msg (try_to_run (seconds, NULL, &error), "%s", error != NULL ? error->message : "");
}

static void
assert_outside (double seconds, int code, const char *text)
{
  g_autoptr (GError) error = NULL;

  ck_assert (!try_to_run (seconds, NULL, &error));
  ck_assert_msg (strstr (error->message, text) != NULL, "%s", error->message);
  ck_assert_msg (error->code == code, "%d: %s", error->code, error->message);
}

static void
assert_refused (int code, const char *text)
{
  assert_outside (PATIENCE, code, text);
}

static void
assert_timeout (double seconds, const char *text)
{
  assert_outside (seconds, VQ_ERROR_TIMEOUT, text);
}

static void
replace (char **text, const char *with)
{
  g_free (*text);
  *text = g_strdup (with);
}

CASE ("sshd", setup, teardown, 120)

TEST (with_the_right_keys)
{
  assert_in (PATIENCE);
  ck_assert_uint_eq (host_sshd_count (host), 1);
}

/* The first host key is remembered, and later ones must be the same. */
TEST (any_host_key_at_first)
{
  g_autofree char *key = g_steal_pointer (&login->host_key);
  g_autofree char *private = NULL;

  assert_in (PATIENCE);
  ck_assert_str_eq (login->host_key, key);
  assert_in (PATIENCE);
  g_clear_pointer (&login->host_key, g_free);
  ck_assert (vq_ssh_key_generate (&private, &login->host_key, NULL));
  assert_refused (VQ_ERROR_PEER, "the host key is not the expected one, but ssh-ed25519 SHA256:");
}

static gboolean
look_away (gpointer data)
{
  g_usleep (2 * G_USEC_PER_SEC);
  return G_SOURCE_REMOVE;
}

/* The command has logged in and ended before we look. */
TEST (host_key_that_comes_with_the_end)
{
  g_autofree char *key = g_steal_pointer (&login->host_key);

  g_timeout_add (20, look_away, NULL);
  assert_in (PATIENCE);
  ck_assert_str_eq (login->host_key, key);
}

TEST (host_key_with_a_comment)
{
  g_autofree char *key = g_strdup (login->host_key);

  g_clear_pointer (&login->host_key, g_free);
  login->host_key = g_strconcat (key, " root@guest\n", NULL);
  assert_in (PATIENCE);
}

/* The host key of a server that refuses us is not remembered. */
TEST (wrong_key)
{
  g_autofree char *public = NULL;

  g_clear_pointer (&login->key, g_free);
  g_clear_pointer (&login->host_key, g_free);
  ck_assert (vq_ssh_key_generate (&login->key, &public, NULL));
  assert_refused (VQ_ERROR_PEER, "the server does not admit user ");
  ck_assert_uint_eq (host_sshd_count (host), 1);
  ck_assert_ptr_null (login->host_key);
}

TEST (wrong_password)
{
  g_clear_pointer (&login->key, g_free);
  login->password = g_strdup ("wrong");
  assert_refused (VQ_ERROR_PEER, " with this password (");
}

TEST (neither_key_nor_password)
{
  g_clear_pointer (&login->key, g_free);
  assert_refused (VQ_ERROR_PEER, " with this password (");
}

TEST (wrong_key_and_wrong_password)
{
  g_autofree char *public = NULL;

  g_clear_pointer (&login->key, g_free);
  ck_assert (vq_ssh_key_generate (&login->key, &public, NULL));
  login->password = g_strdup ("wrong");
  assert_refused (VQ_ERROR_PEER, " with this key, nor with this password (");
}

TEST (no_such_user)
{
  replace (&login->user, "no-such-user");
  assert_refused (VQ_ERROR_PEER, "does not admit user no-such-user with this key");
}

TEST (keys_that_are_none)
{
  g_autofree char *key = g_strdup (login->key);

  replace (&login->key, "no key");
  assert_refused (VQ_ERROR_USAGE, "not a private ssh key");
  replace (&login->key, key);
  replace (&login->host_key, "ssh-ed25519");
  assert_refused (VQ_ERROR_USAGE, "not a public ssh key");
  ck_assert_uint_eq (host_sshd_count (host), 0);
  g_free (login->key);
  login->key = g_strnfill (VQ_SSH_LOGIN_MAX, 'k');
  assert_refused (VQ_ERROR_USAGE, "the key or the password is too long");
}

/* The server is not there yet, as while the guest boots. */
TEST (closed_at_first)
{
  host_sshd_refuse (host, 3);
  assert_in (PATIENCE);
  ck_assert_uint_eq (host_sshd_count (host), 4);
}

TEST (silent_at_first)
{
  host_sshd_ignore (host, 1);
  assert_in (PATIENCE);
  ck_assert_uint_eq (host_sshd_count (host), 2);
}

TEST (closed_always)
{
  host_sshd_refuse (host, 1000);
  assert_timeout (3, " s (ssh: ");
  ck_assert_uint_gt (host_sshd_count (host), 1);
}

TEST (silent_always)
{
  host_sshd_ignore (host, 1000);
  assert_timeout (3, "no answer within ");
}

TEST (nobody_listens)
{
  guint16 port = login->port;

  login->port = 1;
  assert_timeout (3, "Connection refused");
  login->port = port;
}

TEST (no_time)
{
  assert_timeout (-1, "not tried");
}

/* Servers that are not ssh servers, and one whose first line is far too long. */
TEST (garbage)
{
  static const char *const texts[] = { "HTTP/1.1 400 Bad Request", "SSH-1.5-old", "SSH-2.0-x", "" };
  g_autofree char *large = g_strnfill (100000, 'x');

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      host_sshd_babble (host, texts[i]);
      assert_timeout (2, "no ssh login within ");
    }
  host_sshd_babble (host, large);
  assert_timeout (2, "no ssh login within ");
}

static gboolean
cancel_now (gpointer data)
{
  g_autoptr (GError) reason = NULL;

  vq_error_set (&reason, VQ_ERROR_MACHINE, "the machine died");
  vq_cancel_trigger (data, reason);
  return G_SOURCE_REMOVE;
}

TEST (cancelled)
{
  static const struct
  {
    guint refused, ignored;
  } cases[] = { { 1000, 0 }, { 0, 1000 } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (VqCancel) cancel = vq_cancel_new (NULL);
      g_autoptr (GError) error = NULL;

      host_sshd_refuse (host, cases[i].refused);
      host_sshd_ignore (host, cases[i].ignored);
      g_timeout_add (100, cancel_now, cancel);
      ck_assert (!try_to_run (PATIENCE, cancel, &error));
      ck_assert (vq_error_is_machine (error));
    }
}

static gboolean
kill_first (gpointer data)
{
  if (host_sshd_count (host) == 0)
    return G_SOURCE_CONTINUE;
  host_sshd_kill (host, 0);
  return G_SOURCE_REMOVE;
}

/* The server dies somewhere in the login, and we try again. */
TEST (killed_during_login)
{
  g_timeout_add (1, kill_first, NULL);
  assert_in (PATIENCE);
}

/* After each time, it is somewhere else in the login. */
TEST (given_up)
{
  for (guint pause = 0; pause <= 100; pause += 20)
    {
      VqChannel *channel = vq_ssh_channel_new (login, vq_deadline_in (PATIENCE));
      g_autoptr (Job) job = job_shell (channel, "true");

      ck_assert (pause == 0 || vq_wait_pause (pause, NULL, NULL));
      vq_channel_free (channel);
    }
}
