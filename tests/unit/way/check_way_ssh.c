// SPDX-License-Identifier: GPL-2.0-or-later
/* The way in over ssh, with the real sshd on this machine. */
#include "way/way-ssh.h"

#include <string.h>

#include "base/error.h"
#include "ssh-setup.h"
#include "ssh/ssh-key.h"
#include "suite.h"

static VqWay *way;

static void
setup_way (void)
{
  setup_bare ();
  host = host_sshd_new (NULL);
}

static void
teardown_way (void)
{
  g_clear_pointer (&way, vq_way_free);
  teardown ();
}

static void
await_way (void)
{
  way = vq_way_ssh_new (host_sshd_get_login (host), vq_deadline_in (PATIENCE));
  ck_assert (!vq_way_is_ready (way));
  ck_assert (vq_wait_until (vq_way_is_ready, way, vq_deadline_in (PATIENCE), NULL, "way", NULL));
}

static gboolean
open_way (GError **error)
{
  return vq_way_open (way, vq_deadline_in (PATIENCE), NULL, error);
}

CASE ("sshd", setup_way, teardown_way, 120)

TEST (scripts)
{
  g_autoptr (GError) error = NULL;

  await_way ();
  ck_assert (open_way (NULL));
  ck_assert (vq_way_run (way, "exit 0", vq_deadline_in (PATIENCE), NULL, NULL));
  ck_assert (!vq_way_run (way, "echo no >&2; exit 3", vq_deadline_in (PATIENCE), NULL, &error));
  ck_assert_msg (strstr (error->message, "exit status 3: no") != NULL, "%s", error->message);
}

/* It outlives the way. */
TEST (the_channel_is_taken)
{
  g_autoptr (Job) job = NULL;

  await_way ();
  ck_assert (open_way (NULL));
  channel = vq_way_ssh_take_channel (way);
  g_clear_pointer (&way, vq_way_free);
  job = job_shell (channel, "exit 7");
  job_assert_end (job, VQ_ENDED_EXITED, 7);
}

/* Nobody should try again. */
TEST (not_admitted)
{
  VqSshLogin *login = host_sshd_get_login (host);
  g_autofree char *public = NULL;
  g_autoptr (GError) error = NULL;

  g_clear_pointer (&login->key, g_free);
  ck_assert (vq_ssh_key_generate (&login->key, &public, NULL));
  await_way ();
  ck_assert (!open_way (&error));
  ck_assert_int_eq (error->code, VQ_ERROR_PEER);
  ck_assert_msg (strstr (error->message, "the server does not admit user ") != NULL, "%s",
                 error->message);
}

TEST (left_before_it_is_open)
{
  g_autofree char *text = NULL;

  host_sshd_ignore (host, 1000);
  way = vq_way_ssh_new (host_sshd_get_login (host), vq_deadline_in (PATIENCE));
  ck_assert (vq_wait_pause (100, NULL, NULL));
  text = vq_way_describe (way);
  ck_assert_msg (g_str_has_suffix (text, ": no answer that lets us in"), "%s", text);
}
