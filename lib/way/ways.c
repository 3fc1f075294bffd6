// SPDX-License-Identifier: GPL-2.0-or-later
#include "way/ways.h"

#include "way/boot-trouble.h"
#include "base/error.h"

/* How many lines of the console are searched for trouble, and how many are shown. */
#define LOOKED_AT 60
#define SHOWN 3

typedef struct
{
  VqWay *way; /* owned */
  VqWayRank rank;
  guint n_failed;
  GError *last; /* why it failed last; NULL: it has not failed */
} Candidate;

struct _VqWays
{
  GPtrArray *candidates;
  VqConsole *console; /* not owned */
  double patience;    /* seconds, after a last resort */
  gint64 start;       /* when the first one was waited for; monotonic */
  guint64 n_looked;   /* how much the console had said when it was last looked at */
  char *trouble;      /* what the console says about a failed boot; NULL: nothing */
  gboolean is_final;  /* it is of no use to wait longer */
};

static void
candidate_free (gpointer data)
{
  Candidate *candidate = data;

  vq_way_free (candidate->way);
  g_clear_error (&candidate->last);
  g_free (candidate);
}

VqWays *
vq_ways_new (VqConsole *console, double patience)
{
  VqWays *ways = g_new0 (VqWays, 1);

  ways->candidates = g_ptr_array_new_with_free_func (candidate_free);
  ways->console = console;
  ways->patience = patience;
  return ways;
}

void
vq_ways_free (VqWays *ways)
{
  if (ways == NULL)
    return;
  g_ptr_array_unref (ways->candidates);
  g_free (ways->trouble);
  g_free (ways);
}

void
vq_ways_add (VqWays *ways, VqWay *way, VqWayRank rank)
{
  Candidate *candidate = g_new0 (Candidate, 1);

  candidate->way = way;
  candidate->rank = rank;
  g_ptr_array_add (ways->candidates, candidate);
}

static gboolean
is_out (const Candidate *candidate)
{
  return candidate->last != NULL && !vq_error_is_timeout (candidate->last);
}

/* The way to try now: among those that are ready, the first of those that were tried least
 * often. */
static Candidate *
find_ready (VqWays *ways)
{
  Candidate *best = NULL;

  for (guint i = 0; i < ways->candidates->len; i++)
    {
      Candidate *candidate = ways->candidates->pdata[i];

      if (!is_out (candidate) && (best == NULL || candidate->n_failed < best->n_failed)
          && vq_way_is_ready (candidate->way))
        best = candidate;
    }
  return best;
}

static void
look_for_trouble (VqWays *ways)
{
  guint64 n = vq_console_count_bytes (ways->console);
  g_autofree char *lines = NULL;

  if (n == ways->n_looked)
    return;
  ways->n_looked = n;
  lines = vq_console_last_lines (ways->console, LOOKED_AT);
  g_free (ways->trouble);
  ways->trouble = vq_boot_trouble_find (lines, &ways->is_final);
}

/* The boot has failed. */
static gboolean
is_hopeless (VqWays *ways)
{
  look_for_trouble (ways);
  return ways->trouble != NULL && ways->is_final;
}

/* No way will ever open. */
static gboolean
are_all_out (VqWays *ways)
{
  for (guint i = 0; i < ways->candidates->len; i++)
    if (!is_out (ways->candidates->pdata[i]))
      return FALSE;
  return TRUE;
}

static gboolean
has_news (gpointer data)
{
  return find_ready (data) != NULL || is_hopeless (data) || are_all_out (data);
}

/* Adds the ways that have FAILED, or those that have not. */
static void
describe_some (VqWays *ways, gboolean failed, GString *text)
{
  for (guint i = 0; i < ways->candidates->len; i++)
    {
      Candidate *candidate = ways->candidates->pdata[i];
      g_autofree char *state = NULL;

      if ((candidate->last != NULL) != failed)
        continue;
      state = failed ? g_strdup (candidate->last->message) : vq_way_describe (candidate->way);
      g_string_append_printf (text, "%s%s", text->len > 0 ? "; " : "", state);
    }
}

/* Those that have failed come first, because they tell most. */
static char *
describe_ways (VqWays *ways)
{
  GString *text = g_string_new (NULL);

  describe_some (ways, TRUE, text);
  describe_some (ways, FALSE, text);
  return g_string_free (text, FALSE);
}

/* If the last resort has been refused, the guest has booted. */
static gboolean
is_locked (VqWays *ways)
{
  for (guint i = 0; i < ways->candidates->len; i++)
    {
      const Candidate *candidate = ways->candidates->pdata[i];

      if (candidate->rank == VQ_WAY_LAST_RESORT && is_out (candidate))
        return TRUE;
    }
  return FALSE;
}

/* Sets the error, one line with everything that is known. */
static void
explain (VqWays *ways, VqErrorCode code, GError **error)
{
  double seconds = (g_get_monotonic_time () - ways->start) / (double)G_USEC_PER_SEC;
  g_autofree char *console = vq_console_last_lines (ways->console, SHOWN);
  g_autofree char *each = describe_ways (ways);

  look_for_trouble (ways);
  if (ways->trouble != NULL && ways->is_final)
    vq_error_set (error, code, "the guest did not boot: %s (console: %s)", ways->trouble, console);
  else if (code == VQ_ERROR_FAILED)
    vq_error_set (error, code, "no way into the guest opens: %s", each);
  else if (code == VQ_ERROR_LOCKED)
    vq_error_set (error, code, "the guest has booted, but no way into it opens: %s (console: %s)",
                  each, console);
  else if (console[0] == '\0')
    vq_error_set (error, code,
                  "the guest did not boot within %.0f s, its console said nothing: does --boot fit "
                  "the image? (%s)",
                  seconds, each);
  else
    vq_error_set (error, code,
                  "the guest did not boot within %.0f s, or there is no way into it: %s%s%s "
                  "(console: %s)",
                  seconds, ways->trouble != NULL ? ways->trouble : "",
                  ways->trouble != NULL ? "; " : "", each, console);
}

/* Takes over WHY. */
static void
fail (Candidate *candidate, GError *why)
{
  g_clear_error (&candidate->last);
  candidate->last = why;
  candidate->n_failed++;
  g_debug ("no way in: %s", why->message);
}

/* Tries one way that is ready. */
static gboolean
try (Candidate *candidate, gint64 deadline, VqCancel *cancel)
{
  GError *why = NULL;

  if (vq_way_open (candidate->way, deadline, cancel, &why))
    {
      g_debug ("the way in: %s", candidate->way->name);
      return TRUE;
    }
  fail (candidate, why);
  return FALSE;
}

VqWay *
vq_ways_open_one (VqWays *ways, gint64 deadline, VqCancel *cancel, GError **error)
{
  if (ways->start == 0)
    ways->start = g_get_monotonic_time ();
  while (vq_cancel_reason (cancel) == NULL)
    {
      gboolean news = vq_wait_until (has_news, ways, deadline, cancel, "way into it", NULL);
      Candidate *candidate = news ? find_ready (ways) : NULL;

      if (candidate != NULL && try (candidate, deadline, cancel))
        return candidate->way;
      if (is_hopeless (ways) || are_all_out (ways) || vq_deadline_left (deadline) <= 0)
        break;
      if (candidate != NULL && candidate->rank == VQ_WAY_LAST_RESORT && is_out (candidate))
        deadline = MIN (deadline, vq_deadline_in (ways->patience));
    }
  if (vq_cancel_reason (cancel) != NULL)
    g_propagate_error (error, g_error_copy (vq_cancel_reason (cancel)));
  else
    explain (ways,
             is_hopeless (ways)   ? VQ_ERROR_FAILED
             : is_locked (ways)   ? VQ_ERROR_LOCKED
             : are_all_out (ways) ? VQ_ERROR_FAILED
                                  : VQ_ERROR_TIMEOUT,
             error);
  return NULL;
}

void
vq_ways_refuse (VqWays *ways, VqWay *way, GError *why)
{
  for (guint i = 0; i < ways->candidates->len; i++)
    {
      Candidate *candidate = ways->candidates->pdata[i];

      if (candidate->way == way)
        {
          g_prefix_error (&why, "%s: ", way->name);
          fail (candidate, why);
        }
    }
}
