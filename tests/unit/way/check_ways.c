// SPDX-License-Identifier: GPL-2.0-or-later
/* The ways are the test's own: each says when it is ready, and how often it fails. */
#include "way/ways.h"

#include <check.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "leaks.h"
#include "suite.h"

#define PATIENCE 60 /* seconds */

typedef struct
{
  VqWay parent;
  gboolean ready;
  int n_failures; /* so often it fails; -1: for good */
  int n_opened;
} Way;

static VqConsole *console;
static int n_freed;

static gboolean
way_is_ready (gpointer way)
{
  return ((Way *)way)->ready;
}

static gboolean
way_open (VqWay *base, gint64 deadline, VqCancel *cancel, GError **error)
{
  Way *way = (Way *)base;

  way->n_opened++;
  if (way->n_failures < 0)
    return vq_error_set (error, VQ_ERROR_PEER, "refused");
  if (way->n_failures == 0)
    return TRUE;
  way->n_failures--;
  return vq_error_set (error, VQ_ERROR_TIMEOUT, "slow");
}

static char *
way_describe (VqWay *way)
{
  return g_strdup ("not there");
}

static void
way_free (VqWay *way)
{
  n_freed++;
  g_free (way);
}

static Way *
way_new (const char *name, gboolean ready, int n_failures)
{
  static const VqWayClass class = {
    .is_ready = way_is_ready, .open = way_open, .describe = way_describe, .free = way_free
  };
  Way *way = g_new0 (Way, 1);

  way->parent.class = &class;
  way->parent.name = g_strdup (name);
  way->ready = ready;
  way->n_failures = n_failures;
  return way;
}

/* Makes it ready from the main context. */
static gboolean
become_ready (gpointer data)
{
  ((Way *)data)->ready = TRUE;
  return G_SOURCE_REMOVE;
}

static void
say (const char *text)
{
  ck_assert_int_eq (write (vq_console_get_writer (console), text, strlen (text)), strlen (text));
}

static void
set_up (void)
{
  g_autoptr (GError) error = NULL;

  n_freed = 0;
  console = vq_console_new (FALSE, &error);
  ck_assert_ptr_nonnull (console);
}

static void
tear_down (void)
{
  g_clear_pointer (&console, vq_console_free);
}

/* Ways of FIRST and SECOND (may be NULL), the second as a last resort. */
static VqWays *
make (Way *first, Way *second)
{
  VqWays *ways = vq_ways_new (console, 0.1);

  vq_ways_add (ways, &first->parent, VQ_WAY_NORMAL);
  if (second != NULL)
    vq_ways_add (ways, &second->parent, VQ_WAY_LAST_RESORT);
  return ways;
}

static void
assert_none (VqWays *ways, double seconds, VqErrorCode code, const char *const *words)
{
  g_autoptr (GError) error = NULL;

  ck_assert_ptr_null (vq_ways_open_one (ways, vq_deadline_in (seconds), NULL, &error));
  ck_assert_msg (g_error_matches (error, VQ_ERROR, code), "%s", error->message);
  for (; *words != NULL; words++)
    ck_assert_msg (strstr (error->message, *words) != NULL, "%s: %s", *words, error->message);
  ck_assert_ptr_null (strchr (error->message, '\n'));
}

CASE ("ways", set_up, tear_down, 60)

TEST (first_of_two)
{
  Way *agent = way_new ("agent", TRUE, 0);
  Way *shell = way_new ("shell", TRUE, 0);
  g_autoptr (VqWays) ways = make (agent, shell);

  ck_assert_ptr_eq (vq_ways_open_one (ways, vq_deadline_in (PATIENCE), NULL, NULL), agent);
  ck_assert_int_eq (shell->n_opened, 0);
}

TEST (the_one_that_comes)
{
  Way *agent = way_new ("agent", FALSE, 0);
  Way *shell = way_new ("shell", FALSE, 0);
  g_autoptr (VqWays) ways = make (agent, shell);

  g_timeout_add (20, become_ready, shell);
  ck_assert_ptr_eq (vq_ways_open_one (ways, vq_deadline_in (PATIENCE), NULL, NULL), shell);
  ck_assert_int_eq (agent->n_opened, 0);
}

/* One that is slow is tried again, but after one that was not tried. */
TEST (slow_one_is_tried_again)
{
  Way *agent = way_new ("agent", TRUE, 2);
  Way *shell = way_new ("shell", FALSE, 0);
  g_autoptr (VqWays) ways = make (agent, shell);

  ck_assert_ptr_eq (vq_ways_open_one (ways, vq_deadline_in (PATIENCE), NULL, NULL), agent);
  ck_assert_int_eq (agent->n_opened, 3);
}

TEST (slow_one_gives_way)
{
  Way *agent = way_new ("agent", TRUE, 1000000);
  Way *shell = way_new ("shell", TRUE, 0);
  g_autoptr (VqWays) ways = make (agent, shell);

  ck_assert_ptr_eq (vq_ways_open_one (ways, vq_deadline_in (PATIENCE), NULL, NULL), shell);
  ck_assert_int_eq (agent->n_opened, 1);
}

TEST (one_that_refuses_is_left_alone)
{
  Way *agent = way_new ("agent", TRUE, -1);
  Way *shell = way_new ("shell", FALSE, 0);
  g_autoptr (VqWays) ways = make (agent, shell);

  g_timeout_add (50, become_ready, shell);
  ck_assert_ptr_eq (vq_ways_open_one (ways, vq_deadline_in (PATIENCE), NULL, NULL), shell);
  ck_assert_int_eq (agent->n_opened, 1);
}

/* One that opens but does not work is left alone too, unless it was only slow. */
TEST_LOOP (one_that_does_not_work, 0, 2)
{
  VqErrorCode code = _i == 0 ? VQ_ERROR_PEER : VQ_ERROR_TIMEOUT;
  Way *agent = way_new ("agent", TRUE, 0);
  Way *shell = way_new ("shell", FALSE, 0);
  g_autoptr (VqWays) ways = make (agent, shell);

  ck_assert_ptr_eq (vq_ways_open_one (ways, vq_deadline_in (PATIENCE), NULL, NULL), agent);
  vq_ways_refuse (ways, &agent->parent, g_error_new (VQ_ERROR, code, "not allowed"));
  shell->ready = TRUE;
  ck_assert_ptr_eq (vq_ways_open_one (ways, vq_deadline_in (PATIENCE), NULL, NULL), shell);
  vq_ways_refuse (ways, &shell->parent, g_error_new (VQ_ERROR, VQ_ERROR_FAILED, "no port"));
  if (_i == 0)
    assert_none (ways, 10 * PATIENCE, VQ_ERROR_LOCKED,
                 (const char *[]){ "agent: not allowed; shell: no port", NULL });
  else
    ck_assert_ptr_eq (vq_ways_open_one (ways, vq_deadline_in (PATIENCE), NULL, NULL), agent);
}

TEST (all_reasons_are_told)
{
  Way *agent = way_new ("agent", TRUE, -1);
  Way *shell = way_new ("shell", FALSE, 0);
  g_autoptr (VqWays) ways = make (agent, shell);

  say ("Welcome\r\nto the guest\r\n");
  assert_none (ways, 0.2, VQ_ERROR_TIMEOUT,
               (const char *[]){ "the guest did not boot within", "agent: refused",
                                 "shell: not there", "(console: Welcome | to the guest)", NULL });
}

TEST (silent_console)
{
  g_autoptr (VqWays) ways = make (way_new ("agent", FALSE, 0), NULL);

  assert_none (ways, 0.1, VQ_ERROR_TIMEOUT,
               (const char *[]){ "console said nothing", "--boot", "agent: not there", NULL });
}

/* It does not wait until its deadline. */
TEST (panic)
{
  g_autoptr (VqWays) ways = make (way_new ("agent", FALSE, 0), NULL);
  gint64 start = g_get_monotonic_time ();

  say ("[ 1.0] ---[ end Kernel panic - not syncing: Attempted to kill init! ]---\r\n");
  assert_none (ways, 10 * PATIENCE, VQ_ERROR_FAILED,
               (const char *[]){ "the guest did not boot: the guest's kernel panicked", NULL });
  ck_assert_int_lt (g_get_monotonic_time () - start, PATIENCE * G_USEC_PER_SEC);
}

/* What is no end of the boot is told only when time is up. */
TEST (passphrase)
{
  g_autoptr (VqWays) ways = make (way_new ("agent", FALSE, 0), NULL);

  say ("\r\nPlease unlock disk sda3_crypt: ");
  assert_none (ways, 0.2, VQ_ERROR_TIMEOUT, (const char *[]){ "passphrase", NULL });
}

/* The time that is told is all that was waited, also if the last way was refused at its end. */
TEST (the_whole_time_is_told)
{
  g_autoptr (GError) error = NULL;
  Way *agent = way_new ("agent", TRUE, 0);
  Way *shell = way_new ("shell", FALSE, 0);
  g_autoptr (VqWays) ways = make (agent, shell);

  ck_assert_ptr_eq (vq_ways_open_one (ways, vq_deadline_in (PATIENCE), NULL, NULL), agent);
  g_usleep (G_USEC_PER_SEC);
  vq_ways_refuse (ways, &agent->parent, g_error_new (VQ_ERROR, VQ_ERROR_FAILED, "broken"));
  ck_assert_ptr_null (vq_ways_open_one (ways, vq_deadline_in (0), NULL, &error));
  ck_assert_msg (strstr (error->message, "agent: broken") != NULL, "%s", error->message);
  ck_assert_msg (strstr (error->message, "within 0 s") == NULL, "%s", error->message);
}

/* It does not wait for what will not come. */
TEST (all_refuse)
{
  g_autoptr (VqWays) ways = make (way_new ("ssh", TRUE, -1), NULL);

  assert_none (ways, 10 * PATIENCE, VQ_ERROR_FAILED,
               (const char *[]){ "no way into the guest opens: ssh: refused", NULL });
}

TEST (cancelled)
{
  g_autoptr (VqWays) ways = make (way_new ("agent", TRUE, 1000000), NULL);
  g_autoptr (VqCancel) cancel = vq_cancel_new (NULL);
  g_autoptr (GError) reason = g_error_new (VQ_ERROR, VQ_ERROR_MACHINE, "it died");
  g_autoptr (GError) error = NULL;

  vq_cancel_trigger (cancel, reason);
  ck_assert_ptr_null (vq_ways_open_one (ways, vq_deadline_in (PATIENCE), cancel, &error));
  ck_assert (vq_error_is_machine (error));
}

/* When the last resort is none, the guest is up, and nothing more is to be expected. */
TEST (last_resort)
{
  g_autoptr (VqWays) ways = make (way_new ("agent", FALSE, 0), way_new ("login", TRUE, -1));

  say ("host login: ");
  assert_none (
      ways, 10 * PATIENCE, VQ_ERROR_LOCKED,
      (const char *[]){ "the guest has booted", "login: refused", "agent: not there", NULL });
}

TEST (freed)
{
  VqWays *ways = make (way_new ("agent", FALSE, 0), way_new ("shell", FALSE, 0));

  vq_ways_free (ways);
  ck_assert_int_eq (n_freed, 2);
}
