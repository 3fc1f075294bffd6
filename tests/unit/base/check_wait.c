// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/wait.h"

#include <check.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "leaks.h"
#include "suite.h"

#define PATIENCE 10 /* seconds; for things that take none */

static void
teardown (void)
{
  leaks_assert_none ();
  ck_assert (!g_main_context_pending (NULL));
}

static gboolean
is_set (gpointer data)
{
  return *(gboolean *)data;
}

static gboolean
set_flag (gpointer data)
{
  *(gboolean *)data = TRUE;
  return G_SOURCE_REMOVE;
}

static VqCancel *
triggered (VqErrorCode code, const char *why)
{
  g_autoptr (GError) reason = g_error_new_literal (VQ_ERROR, code, why);
  VqCancel *cancel = vq_cancel_new (NULL);

  vq_cancel_trigger (cancel, reason);
  return cancel;
}

static gboolean
trigger_it (gpointer data)
{
  g_autoptr (GError) reason = g_error_new_literal (VQ_ERROR, VQ_ERROR_CANCELLED, "stop");

  vq_cancel_trigger (data, reason);
  return G_SOURCE_REMOVE;
}

CASE ("wait", leaks_begin, teardown, 60)

TEST (deadlines)
{
  gint64 now = g_get_monotonic_time ();

  ck_assert_int_ge (vq_deadline_in (2), now + 2 * G_USEC_PER_SEC);
  ck_assert_int_lt (vq_deadline_in (2), now + 3 * G_USEC_PER_SEC);
  ck_assert_int_gt (vq_deadline_in (1e300), now);
  ck_assert_double_gt (vq_deadline_left (vq_deadline_in (2)), 1);
  ck_assert_double_le (vq_deadline_left (vq_deadline_in (2)), 2);
  ck_assert_double_eq (vq_deadline_left (now - 5), 0);
  ck_assert_double_eq (vq_deadline_left (0), 0);
}

TEST (deadline_passes)
{
  static const double seconds[] = { -1, 0, 0.001, 0.05 };

  for (guint i = 0; i < G_N_ELEMENTS (seconds); i++)
    {
      g_autoptr (GError) error = NULL;
      gboolean flag = FALSE;
      gint64 deadline = vq_deadline_in (seconds[i]);

      ck_assert (!vq_wait_until (is_set, &flag, deadline, NULL, "flag", &error));
      ck_assert_int_ge (g_get_monotonic_time (), deadline);
      ck_assert (vq_error_is_timeout (error));
      ck_assert (g_str_has_prefix (error->message, "no flag within 0"));
    }
}

/* Not even the poll may sleep past the deadline, nor spin up to it. */
TEST (deadline_is_kept_by_the_poll)
{
  gboolean flag = FALSE;
  gint64 cpu = clock ();
  gint64 start = g_get_monotonic_time ();

  ck_assert (!vq_wait_until (is_set, &flag, vq_deadline_in (0.3), NULL, "flag", NULL));
  ck_assert_int_lt (g_get_monotonic_time () - start, 5 * G_USEC_PER_SEC);
  ck_assert_int_lt (clock () - cpu, CLOCKS_PER_SEC / 5);
}

TEST (condition_wins)
{
  g_autoptr (VqCancel) cancel = triggered (VQ_ERROR_CANCELLED, "stop");
  gboolean flag = TRUE;
  gboolean later = FALSE;

  ck_assert (vq_wait_until (is_set, &flag, 0, cancel, "flag", NULL));
  ck_assert (vq_wait_until (is_set, &flag, -1, NULL, "flag", NULL));
  g_idle_add (set_flag, &later);
  ck_assert (vq_wait_until (is_set, &later, vq_deadline_in (PATIENCE), NULL, "flag", NULL));
}

static gboolean
trigger (gpointer cancel)
{
  g_autoptr (GError) reason = g_error_new_literal (VQ_ERROR, VQ_ERROR_MACHINE, "it died");

  vq_cancel_trigger (cancel, reason);
  return G_SOURCE_REMOVE;
}

/* The one of CANCEL is the better one, if it comes in time. */
TEST (waits_for_a_reason)
{
  g_autoptr (VqCancel) cancel = vq_cancel_new (NULL);
  GError *why = g_error_new_literal (VQ_ERROR, VQ_ERROR_PEER, "closed");
  gint64 start = g_get_monotonic_time ();
  const char *const expected[] = { "closed", "closed", "closed", "it died" };
  VqCancel *cancels[] = { NULL, cancel, cancel, cancel };
  gint64 limits[] = { G_MAXINT64, 0, G_MAXINT64, G_MAXINT64 };

  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    {
      g_autoptr (GError) error = NULL;

      if (i == 3)
        g_idle_add (trigger, cancel);
      ck_assert (!vq_wait_for_reason (g_error_copy (why), limits[i], cancels[i], &error));
      ck_assert_str_eq (error->message, expected[i]);
    }
  ck_assert_int_lt (g_get_monotonic_time () - start, PATIENCE * G_USEC_PER_SEC);
  g_error_free (why);
}

TEST (cancelled_before)
{
  g_autoptr (VqCancel) cancel = triggered (VQ_ERROR_MACHINE, "it died");
  g_autoptr (GError) error = NULL;
  gboolean flag = FALSE;

  ck_assert (!vq_wait_until (is_set, &flag, 0, cancel, "flag", &error));
  ck_assert (vq_error_is_machine (error));
  ck_assert_str_eq (error->message, "it died");
}

TEST_LOOP (cancelled_during, 0, 3)
{
  g_autoptr (VqCancel) grandparent = vq_cancel_new (NULL);
  g_autoptr (VqCancel) parent = vq_cancel_new (grandparent);
  g_autoptr (VqCancel) cancel = vq_cancel_new (parent);
  VqCancel *which[] = { cancel, parent, grandparent };
  gboolean flag = FALSE;

  for (guint i = _i; i < G_N_ELEMENTS (which); i += 3)
    {
      g_autoptr (GError) error = NULL;

      g_timeout_add (20, trigger_it, which[i]);
      ck_assert (!vq_wait_until (is_set, &flag, vq_deadline_in (PATIENCE), cancel, "flag", &error));
      ck_assert (vq_error_is_cancelled (error));
      ck_assert_str_eq (error->message, "stop");
    }
}

TEST (reasons)
{
  g_autoptr (VqCancel) parent = vq_cancel_new (NULL);
  g_autoptr (VqCancel) child = vq_cancel_new (parent);
  g_autoptr (GError) first = g_error_new_literal (VQ_ERROR, VQ_ERROR_FAILED, "first");
  g_autoptr (GError) second = g_error_new_literal (VQ_ERROR, VQ_ERROR_FAILED, "second");

  ck_assert_ptr_null (vq_cancel_reason (NULL));
  ck_assert_ptr_null (vq_cancel_reason (child));
  vq_cancel_trigger (child, second);
  ck_assert_ptr_null (vq_cancel_reason (parent));
  vq_cancel_trigger (parent, first);
  vq_cancel_trigger (parent, second);
  ck_assert_str_eq (vq_cancel_reason (parent)->message, "first");
  ck_assert_str_eq (vq_cancel_reason (child)->message, "second"); /* its own is the nearest */
  vq_cancel_free (NULL);
}

/* An inner wait, from a callback of the outer one. */
typedef struct
{
  gboolean outer;
  gboolean inner;
  gboolean timed_out;
} Nested;

static gboolean
wait_inside (gpointer data)
{
  Nested *nested = data;
  g_autoptr (GError) error = NULL;

  g_timeout_add (10, set_flag, &nested->outer);
  ck_assert (!vq_wait_until (is_set, &nested->inner, vq_deadline_in (0.1), NULL, "inner", &error));
  nested->timed_out = vq_error_is_timeout (error);
  return G_SOURCE_REMOVE;
}

TEST (nested_waits)
{
  Nested nested = { FALSE };

  g_idle_add (wait_inside, &nested);
  ck_assert (vq_wait_until (is_set, &nested.outer, vq_deadline_in (PATIENCE), NULL, "outer", NULL));
  ck_assert (nested.timed_out);
}

/* The outer deadline passes in the inner wait; the outer one still ends then, not later. */
TEST (nested_deadline)
{
  Nested nested = { FALSE };
  gboolean never = FALSE;
  g_autoptr (GError) error = NULL;

  g_idle_add (wait_inside, &nested);
  ck_assert (!vq_wait_until (is_set, &never, vq_deadline_in (0.03), NULL, "outer", &error));
  ck_assert (vq_error_is_timeout (error));
  ck_assert (nested.timed_out);
  ck_assert (nested.outer);
}

TEST (fd_is_ready)
{
  int ends[2];
  char byte;

  ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  ck_assert (vq_wait_fd (ends[0], G_IO_OUT, vq_deadline_in (PATIENCE), NULL, "room", NULL));
  ck_assert (!vq_wait_fd (ends[0], G_IO_IN, vq_deadline_in (0.02), NULL, "data", NULL));
  ck_assert_int_eq (write (ends[1], "x", 1), 1);
  ck_assert (vq_wait_fd (ends[0], G_IO_IN, vq_deadline_in (PATIENCE), NULL, "data", NULL));
  ck_assert (vq_wait_fd (ends[0], G_IO_IN, 0, NULL, "data", NULL)); /* it wins over the deadline */
  ck_assert_int_eq (read (ends[0], &byte, 1), 1);
  ck_assert (!vq_wait_fd (ends[0], G_IO_IN, 0, NULL, "data", NULL));
  close (ends[1]);
  ck_assert (vq_wait_fd (ends[0], G_IO_IN, vq_deadline_in (PATIENCE), NULL, "end", NULL));
  ck_assert (vq_wait_fd (ends[0], 0, vq_deadline_in (PATIENCE), NULL, "hang-up", NULL));
  close (ends[0]);
}

static gboolean
write_byte (gpointer data)
{
  ck_assert_int_eq (write (GPOINTER_TO_INT (data), "x", 1), 1);
  return G_SOURCE_REMOVE;
}

TEST (fd_becomes_ready)
{
  g_autoptr (VqCancel) cancel = triggered (VQ_ERROR_CANCELLED, "stop");
  g_autoptr (GError) error = NULL;
  int ends[2];

  ck_assert_int_eq (pipe (ends), 0);
  ck_assert (!vq_wait_fd (ends[0], G_IO_IN, vq_deadline_in (PATIENCE), cancel, "data", &error));
  ck_assert (vq_error_is_cancelled (error));
  g_clear_error (&error);
  ck_assert (!vq_wait_fd (ends[1], G_IO_OUT, vq_deadline_in (PATIENCE), cancel, "room", &error));
  ck_assert (vq_error_is_cancelled (error)); /* though there is room */
  g_timeout_add (20, write_byte, GINT_TO_POINTER (ends[1]));
  ck_assert (vq_wait_fd (ends[0], G_IO_IN, vq_deadline_in (PATIENCE), NULL, "data", NULL));
  close (ends[0]);
  close (ends[1]);
}

TEST (pauses)
{
  g_autoptr (VqCancel) quiet = vq_cancel_new (NULL);
  gboolean served = FALSE;
  gint64 start = g_get_monotonic_time ();

  g_timeout_add (10, set_flag, &served);
  ck_assert (vq_wait_pause (50, quiet, NULL));
  ck_assert_int_ge (g_get_monotonic_time () - start, 50000);
  ck_assert (served);
  ck_assert (vq_wait_pause (0, NULL, NULL));
}

/* Also when the reason is some timeout. */
TEST (cancelled_pause)
{
  static const VqErrorCode codes[] = { VQ_ERROR_CANCELLED, VQ_ERROR_TIMEOUT };

  for (guint i = 0; i < G_N_ELEMENTS (codes); i++)
    {
      g_autoptr (VqCancel) cancel = triggered (codes[i], "stop");
      g_autoptr (GError) error = NULL;

      ck_assert (!vq_wait_pause (10000, cancel, &error));
      ck_assert (g_error_matches (error, VQ_ERROR, codes[i]));
    }
}
