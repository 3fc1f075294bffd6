// SPDX-License-Identifier: GPL-2.0-or-later
/* The caller is this test, at the other ends of two pipes. No testbed is opened. */
#include "testbed/server.h"

#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "leaks.h"
#include "messages.h"
#include "suite.h"

static int requests[2];
static int replies[2];
static VqCancel *cancel;
static guint n_ready; /* how often there was time for what may come next */

static void
make_ready (VqServed *served, int caller)
{
  ck_assert_int_eq (caller, requests[0]);
  n_ready++;
}

static gboolean
is_open (VqServed *served)
{
  return FALSE;
}

static char **
get_capabilities (VqServed *served)
{
  return g_new0 (char *, 1);
}

static const VqServedClass class = { .is_open = is_open,
                                     .get_capabilities = get_capabilities,
                                     .make_ready = make_ready };
static VqServed served = { .class = &class };

static void
set_up (void)
{
  signal (SIGPIPE, SIG_IGN);
  leaks_begin ();
  messages_begin ();
  ck_assert_int_eq (pipe2 (requests, O_CLOEXEC), 0);
  ck_assert_int_eq (pipe2 (replies, O_CLOEXEC), 0);
  cancel = vq_cancel_new (NULL);
  n_ready = 0;
}

static void
tear_down (void)
{
  g_clear_pointer (&cancel, vq_cancel_free);
  for (int i = 0; i < 2; i++)
    {
      close (requests[i]);
      close (replies[i]);
    }
  messages_end ();
  leaks_assert_none ();
}

static gboolean
trigger (gpointer data)
{
  g_autoptr (GError) reason = g_error_new (VQ_ERROR, VQ_ERROR_CANCELLED, "got signal 15");

  vq_cancel_trigger (cancel, reason);
  return G_SOURCE_REMOVE;
}

CASE ("server", set_up, tear_down, 60)

/* The caller's pipe is full, so not even the first reply has room. */
TEST (nobody_reads_the_replies)
{
  char block[4096] = "";
  int flags = fcntl (replies[1], F_GETFL);

  fcntl (replies[1], F_SETFL, flags | O_NONBLOCK);
  while (write (replies[1], block, sizeof block) > 0)
    ;
  fcntl (replies[1], F_SETFL, flags);
  g_timeout_add (50, trigger, NULL);
  ck_assert_int_eq (vq_server_run (&served, NULL, requests[0], replies[1], cancel), VQ_EXIT_FAILED);
  messages_assert_warning ("got signal 15");
}

/* The other way to hear that the caller is gone, told in the same words. */
TEST (nobody_can_read_the_replies)
{
  close (replies[0]);
  replies[0] = open ("/dev/null", O_RDONLY | O_CLOEXEC);
  ck_assert_int_eq (vq_server_run (&served, NULL, requests[0], replies[1], cancel), VQ_EXIT_FAILED);
  messages_assert_warning ("the caller has gone away");
}

TEST (nobody_asks)
{
  char buffer[10] = "";

  g_timeout_add (50, trigger, NULL);
  ck_assert_int_eq (vq_server_run (&served, NULL, requests[0], replies[1], cancel), VQ_EXIT_FAILED);
  messages_assert_warning ("got signal 15");
  ck_assert_int_eq (read (replies[0], buffer, sizeof buffer), 3);
  ck_assert_str_eq (buffer, "ok\n");
}

/* Once per silence, however long that is, and not between lines that have come together. */
TEST (time_to_make_something_ready)
{
  const char lines[] = "capabilities\ncapabilities\n";

  ck_assert_int_eq (write (requests[1], lines, strlen (lines)), strlen (lines));
  g_timeout_add (1500, trigger, NULL);
  ck_assert_int_eq (vq_server_run (&served, NULL, requests[0], replies[1], cancel), VQ_EXIT_FAILED);
  messages_assert_warning ("got signal 15");
  ck_assert_uint_eq (n_ready, 1);
}
