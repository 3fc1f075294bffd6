// SPDX-License-Identifier: GPL-2.0-or-later
/* The guest is this machine: its commands are run by an exec server of ours. The supervisor says
 * "ok" to everything. */
#include "instance/instance-testbed.h"

#include <check.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "exec-setup.h"
#include "instance-setup.h"
#include "instance/instance-socket.h"
#include "messages.h"
#include "suite.h"

static pid_t supervisor;
static VqOptions options;
static VqInstanceTestbed *testbed;
static VqServed *served;

static void
set_up (void)
{
  exec_setup ();
  instance_setup ();
  options = (VqOptions){ .instance = (char *)"own" };
  testbed = vq_instance_testbed_new (&options, "virt-qemu-exec", NULL);
  served = vq_instance_testbed_get_served (testbed);
}

static void
tear_down (void)
{
  g_clear_pointer (&testbed, vq_instance_testbed_free);
  if (supervisor > 0)
    {
      kill (supervisor, SIGKILL);
      waitpid (supervisor, NULL, 0);
    }
  supervisor = 0;
  instance_teardown ();
  exec_teardown ();
}

static void
start_instance (void)
{
  g_autoptr (VqInstance) instance = NULL;
  g_autofree char *control = NULL;
  g_autofree char *directory = NULL;
  g_autofree char *link = NULL;

  instance_make ("own", FALSE);
  supervisor = instance_fake_supervisor ("own", "ok");
  instance = vq_instance_open (instance_place, "own", NULL);
  control = vq_instance_socket_build_path (instance, "control", NULL);
  directory = g_path_get_dirname (control);
  link = g_build_filename (directory, "exec", NULL);
  ck_assert_int_eq (symlink (exec_socket_path, link), 0);
}

static void
assert_works (gboolean done, GError *error)
{
  ck_assert_msg (done, "%s", error != NULL ? error->message : "");
}

static void
assert_capabilities (const char *expected)
{
  g_auto (GStrv) words = served->class->get_capabilities (served);
  g_autofree char *text = g_strjoinv (" ", words);

  ck_assert_str_eq (text, expected);
}

CASE ("instance-testbed", set_up, tear_down, 60)

TEST (no_such_instance)
{
  g_autoptr (GError) error = NULL;

  ck_assert (!served->class->open (served, &error));
  ck_assert (g_error_matches (error, VQ_ERROR, VQ_ERROR_MISSING));
  g_clear_error (&error);
  instance_make ("own", FALSE);
  ck_assert (!served->class->open (served, &error));
  ck_assert_str_eq (error->message, "cannot open the instance \"own\": it does not run: start it "
                                    "with `virt-qemu start own'");
}

TEST (session)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *scratch = NULL;
  g_autofree char *file = NULL;
  g_autofree char *expected = NULL;
  g_autofree char *requests = NULL;

  options.user = (char *)"joe";
  assert_capabilities ("isolation-machine reboot root-on-testbed suggested-normal-user=joe");
  start_instance ();
  assert_works (served->class->open (served, &error), error);
  scratch = g_strdup (served->class->get_scratch (served));
  file = g_build_filename (scratch, "file", NULL);
  assert_works (vq_served_copy_down (served, "/etc/passwd", file, &error), error);
  ck_assert (g_file_test (file, G_FILE_TEST_EXISTS));
  ck_assert_uint_gt (served->usage.copied_down, 0);
  assert_works (served->class->reboot (served, FALSE, &error), error);
  assert_works (served->class->reboot (served, TRUE, &error), error);
  ck_assert (!served->class->revert (served, &error));
  options.allow_revert = TRUE;
  assert_capabilities ("isolation-machine reboot root-on-testbed revert revert-full-system "
                       "suggested-normal-user=joe");
  g_clear_error (&error);
  assert_works (served->class->revert (served, &error), error);
  served->class->close (served);
  ck_assert (!served->class->is_open (served));
  ck_assert (!g_file_test (scratch, G_FILE_TEST_EXISTS));
  expected = g_strdup_printf ("ready\nrestart %s\nrestart %s itself\nrevert %s\n", scratch, scratch,
                              scratch);
  requests = instance_get_requests ();
  ck_assert_str_eq (requests, expected);
}

/* A server that is killed by a signal closes the testbed, too. */
TEST (free_while_open)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *scratch = NULL;

  start_instance ();
  assert_works (served->class->open (served, &error), error);
  scratch = g_strdup (served->class->get_scratch (served));
  ck_assert (g_file_test (scratch, G_FILE_TEST_IS_DIR));
  g_clear_pointer (&testbed, vq_instance_testbed_free);
  ck_assert (!g_file_test (scratch, G_FILE_TEST_EXISTS));
}

/* What the user hears after a command that failed because of it. */
TEST (it_has_stopped)
{
  g_autoptr (GError) error = NULL;

  start_instance ();
  assert_works (served->class->open (served, &error), error);
  kill (supervisor, SIGKILL);
  waitpid (supervisor, NULL, 0);
  supervisor = 0;
  messages_begin ();
  served->class->describe_failure (served);
  messages_assert_warning ("the instance \"own\" does not run");
  messages_end ();
}
