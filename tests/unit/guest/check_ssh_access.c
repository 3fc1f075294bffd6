// SPDX-License-Identifier: GPL-2.0-or-later
/* Only what needs no other program: check_ssh_client makes a seed. */
#include "guest/ssh-access.h"

#include <check.h>

#include "base/error.h"
#include "leaks.h"
#include "suite.h"
#include "tree.h"

#define KEY "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n"

static char *directory;

static void
set_up (void)
{
  leaks_begin ();
  directory = g_dir_make_tmp ("vq-access-XXXXXX", NULL);
}

static void
tear_down (void)
{
  tree_remove (directory);
  g_clear_pointer (&directory, g_free);
  leaks_assert_none ();
}

/* What the options make of the login; USER NULL: there is none. */
static void
assert_login (const VqOptions *options, const char *user, const char *key, const char *password)
{
  const VqPlan plan = { .options = options, .ssh_key = (char *)key };
  g_auto (VqSshLogin) login = { 0 };
  g_autofree char *seed = NULL;
  g_autoptr (GError) error = NULL;

  ck_assert_msg (
      vq_ssh_access_prepare (&plan, directory, &login, &seed, vq_deadline_in (60), NULL, &error),
      "%s", error != NULL ? error->message : "");
  ck_assert_ptr_null (seed);
  ck_assert_pstr_eq (login.user, user);
  ck_assert_pstr_eq (login.key, key);
  ck_assert_pstr_eq (login.password, password);
}

CASE ("ssh-access", set_up, tear_down, 60)

TEST (logins)
{
  char *word = (char *)"me";

  assert_login (&(VqOptions){ .password = word }, NULL, NULL, NULL);
  assert_login (&(VqOptions){ .ssh_user = word, .password = word }, "me", NULL, "me");
  assert_login (&(VqOptions){ .ssh_key = word }, "root", KEY, NULL);
  assert_login (&(VqOptions){ .ssh_user = word, .ssh_key = word }, "me", KEY, NULL);
  assert_login (&(VqOptions){ .channel = VQ_CHANNEL_SSH, .password = word }, "root", NULL, "me");
}

static void
write_file (const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (directory, name, NULL);

  ck_assert (g_file_set_contents (path, text, -1, NULL));
}

/* The seed that is there is used again, with its keys; the host key may be the user's own. */
TEST_LOOP (seed_is_there, 0, 2)
{
  const VqOptions nothing = { .guest_agent = VQ_AGENT_OFF };
  const VqPlan plan = { .options = &nothing, .cloud_seed = TRUE };
  g_auto (VqSshLogin) login = { 0 };
  g_autofree char *seed = NULL;

  write_file ("cloud-seed.iso", "image");
  write_file ("ssh-key", KEY);
  if (_i == 1)
    write_file ("ssh-host-key", "ssh-ed25519 AAAA");
  ck_assert (
      vq_ssh_access_prepare (&plan, directory, &login, &seed, vq_deadline_in (60), NULL, NULL));
  ck_assert (g_str_has_suffix (seed, "/cloud-seed.iso"));
  ck_assert_str_eq (login.user, "root");
  ck_assert_str_eq (login.key, KEY);
  ck_assert_pstr_eq (login.host_key, _i == 1 ? "ssh-ed25519 AAAA" : NULL);
}

/* A seed is for guests of which nothing is known. */
TEST (seeds)
{
  char *word = (char *)"me";
  const VqOptions known[] = { { .ssh_user = word },
                              { .ssh_key = word },
                              { .password = word },
                              { .guest_agent = VQ_AGENT_REQUIRE } };
  const VqOptions nothing = { .guest_agent = VQ_AGENT_OFF };
  VqPlan plan = { .options = &nothing };

  ck_assert (vq_plan_add_cloud_seed (&plan));
  ck_assert (plan.cloud_seed);
  ck_assert (!vq_plan_add_cloud_seed (&plan));
  for (gsize i = 0; i < G_N_ELEMENTS (known); i++)
    ck_assert (!vq_plan_add_cloud_seed (&(VqPlan){ .options = &known[i] }));
}
