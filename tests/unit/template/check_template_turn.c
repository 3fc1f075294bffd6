// SPDX-License-Identifier: GPL-2.0-or-later
/* Two in this process want the turn: a lock belongs to an open file, and signs come from timers of
 * the main context, which also runs for the one who waits. */
#include "template/template-turn.h"

#include <check.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "io/lock-file.h"
#include "io/log.h"
#include "messages.h"
#include "suite.h"
#include "template-cache.h"

#define DIGEST "0123"
#define LOCK DIGEST ".lock"
#define WAITING "waiting for it"

static VqPrivateDir *dir;

static void
setup (void)
{
  cache_setup ();
  dir = vq_private_dir_open (cache_path, VQ_PRIVATE_DIR_EXISTING, NULL);
}

static void
teardown (void)
{
  g_clear_pointer (&dir, vq_private_dir_free);
  cache_teardown ();
}

static VqTemplateTurn *
begin (double patience, GError **error)
{
  return vq_template_turn_wait (dir, DIGEST, patience, NULL, error);
}

static gboolean
end (gpointer data)
{
  g_clear_pointer ((VqTemplateTurn **)data, vq_template_turn_free);
  return G_SOURCE_REMOVE;
}

CASE ("template-turn", setup, teardown, 60)

TEST (one_works)
{
  VqTemplateTurn *one = begin (0, NULL);
  g_autoptr (VqTemplateTurn) two = NULL;

  ck_assert_ptr_nonnull (one);
  g_timeout_add_seconds (5, end, &one);
  two = begin (3, NULL);
  ck_assert_ptr_nonnull (two);
  ck_assert_ptr_null (one);
  messages_assert_warning (WAITING);
}

static gboolean
go_on (gpointer data)
{
  vq_log_progress ("second step");
  return G_SOURCE_REMOVE;
}

/* What the other one does is told, each time that it does something else. */
TEST (it_tells_what_it_does)
{
  VqTemplateTurn *one;
  g_autoptr (VqTemplateTurn) two = NULL;

  vq_log_progress ("first step");
  one = begin (0, NULL);
  g_timeout_add_seconds (1, go_on, NULL);
  g_timeout_add_seconds (6, end, &one);
  two = begin (20, NULL);
  ck_assert_ptr_nonnull (two);
  ck_assert_int_eq (messages_take_warnings ("step)"), 2);
}

TEST (one_does_nothing)
{
  g_autoptr (VqLockFile) lock = NULL;
  g_autoptr (GError) error = NULL;

  ck_assert (vq_lock_file_try (dir, LOCK, &lock, NULL));
  ck_assert_ptr_null (begin (0.3, &error));
  ck_assert (vq_error_is_timeout (error));
  ck_assert_ptr_nonnull (strstr (error->message, "no sign of work"));
  messages_assert_warning (WAITING);
}

/* It has been silent for an hour: nobody waits another one. */
TEST (one_has_been_silent)
{
  const struct timespec long_ago[2] = { { 1000000000, 0 }, { 1000000000, 0 } };
  g_autoptr (VqLockFile) lock = NULL;
  g_autoptr (GError) error = NULL;
  gint64 start = g_get_monotonic_time ();

  ck_assert (vq_lock_file_try (dir, LOCK, &lock, NULL));
  vq_lock_file_tell (lock, "process 1: x");
  ck_assert_int_eq (utimensat (vq_private_dir_get_fd (dir), LOCK, long_ago, 0), 0);
  ck_assert_ptr_null (begin (3600, &error));
  ck_assert (vq_error_is_timeout (error));
  ck_assert_int_lt (g_get_monotonic_time () - start, 30 * G_USEC_PER_SEC);
  messages_assert_warning ("process 1: x");
}
