// SPDX-License-Identifier: GPL-2.0-or-later
#include "entries.h"

#include "boot-trouble.h"
#include "error.h"

/* Lines of the console: to look for trouble in, and to show. */
#define LOOKED_AT 60
#define SHOWN 3

typedef struct
{
  VqEntry *entry; /* owned */
  VqEntryRank rank;
  guint n_failed;
  GError *last; /* why it failed; NULL: it did not */
} Candidate;

struct _VqEntries
{
  GPtrArray *candidates;
  VqConsole *console; /* not owned */
  double patience;    /* seconds, after a last resort */
  guint64 n_looked;   /* how much the console had said when it was last looked at */
  char *trouble;      /* what it says of a failed boot; NULL: nothing */
  gboolean is_final;  /* no boot comes after that */
};

static void
candidate_free (gpointer data)
{
  Candidate *candidate = data;

  vq_entry_free (candidate->entry);
  g_clear_error (&candidate->last);
  g_free (candidate);
}

VqEntries *
vq_entries_new (VqConsole *console, double patience)
{
  VqEntries *entries = g_new0 (VqEntries, 1);

  entries->candidates = g_ptr_array_new_with_free_func (candidate_free);
  entries->console = console;
  entries->patience = patience;
  return entries;
}

void
vq_entries_free (VqEntries *entries)
{
  if (entries == NULL)
    return;
  g_ptr_array_unref (entries->candidates);
  g_free (entries->trouble);
  g_free (entries);
}

void
vq_entries_add (VqEntries *entries, VqEntry *entry, VqEntryRank rank)
{
  Candidate *candidate = g_new0 (Candidate, 1);

  candidate->entry = entry;
  candidate->rank = rank;
  g_ptr_array_add (entries->candidates, candidate);
}

static gboolean
is_out (const Candidate *candidate)
{
  return candidate->last != NULL && !vq_error_is_timeout (candidate->last);
}

/* The one to try now: of those that are ready, the first of those that were tried least. */
static Candidate *
find_ready (VqEntries *entries)
{
  Candidate *best = NULL;

  for (guint i = 0; i < entries->candidates->len; i++)
    {
      Candidate *candidate = entries->candidates->pdata[i];

      if (!is_out (candidate) && (best == NULL || candidate->n_failed < best->n_failed)
          && vq_entry_is_ready (candidate->entry))
        best = candidate;
    }
  return best;
}

static void
look_for_trouble (VqEntries *entries)
{
  guint64 n = vq_console_count_bytes (entries->console);
  g_autofree char *lines = NULL;

  if (n == entries->n_looked)
    return;
  entries->n_looked = n;
  lines = vq_console_last_lines (entries->console, LOOKED_AT);
  g_free (entries->trouble);
  entries->trouble = vq_boot_trouble_find (lines, &entries->is_final);
}

/* The boot has failed. */
static gboolean
is_hopeless (VqEntries *entries)
{
  look_for_trouble (entries);
  return entries->trouble != NULL && entries->is_final;
}

/* No way will ever open. */
static gboolean
are_all_out (VqEntries *entries)
{
  for (guint i = 0; i < entries->candidates->len; i++)
    if (!is_out (entries->candidates->pdata[i]))
      return FALSE;
  return TRUE;
}

static gboolean
has_news (gpointer data)
{
  return find_ready (data) != NULL || is_hopeless (data) || are_all_out (data);
}

/* Adds those that have failed, or those that have not. */
static void
describe_some (VqEntries *entries, gboolean failed, GString *text)
{
  for (guint i = 0; i < entries->candidates->len; i++)
    {
      Candidate *candidate = entries->candidates->pdata[i];
      g_autofree char *state = NULL;

      if ((candidate->last != NULL) != failed)
        continue;
      state = failed ? g_strdup (candidate->last->message) : vq_entry_describe (candidate->entry);
      g_string_append_printf (text, "%s%s", text->len > 0 ? "; " : "", state);
    }
}

/* What was refused tells most. */
static char *
describe_ways (VqEntries *entries)
{
  GString *text = g_string_new (NULL);

  describe_some (entries, TRUE, text);
  describe_some (entries, FALSE, text);
  return g_string_free (text, FALSE);
}

/* The guest is up if it has refused the last resort. */
static gboolean
is_locked (VqEntries *entries)
{
  for (guint i = 0; i < entries->candidates->len; i++)
    {
      const Candidate *candidate = entries->candidates->pdata[i];

      if (candidate->rank == VQ_ENTRY_LAST_RESORT && is_out (candidate))
        return TRUE;
    }
  return FALSE;
}

/* One line of all that is known. */
static void
explain (VqEntries *entries, VqErrorCode code, double seconds, GError **error)
{
  g_autofree char *console = vq_console_last_lines (entries->console, SHOWN);
  g_autofree char *ways = describe_ways (entries);

  look_for_trouble (entries);
  if (entries->trouble != NULL && entries->is_final)
    vq_set_error (error, code, "the guest did not boot: %s (console: %s)", entries->trouble,
                  console);
  else if (code == VQ_ERROR_FAILED)
    vq_set_error (error, code, "nothing leads into the guest: %s", ways);
  else if (code == VQ_ERROR_LOCKED)
    vq_set_error (error, code, "the guest is up, but nothing leads into it: %s (console: %s)", ways,
                  console);
  else if (console[0] == '\0')
    vq_set_error (error, code,
                  "the guest did not boot within %.0f s, its console said nothing: does --boot fit "
                  "the image? (%s)",
                  seconds, ways);
  else
    vq_set_error (error, code,
                  "the guest did not boot within %.0f s, or there is no way into it: %s%s%s "
                  "(console: %s)",
                  seconds, entries->trouble != NULL ? entries->trouble : "",
                  entries->trouble != NULL ? "; " : "", ways, console);
}

/* Tries one way that is ready. */
static gboolean
try (Candidate *candidate, gint64 deadline, VqCancel *cancel)
{
  g_clear_error (&candidate->last);
  if (vq_entry_open (candidate->entry, deadline, cancel, &candidate->last))
    {
      g_debug ("the way in: %s", candidate->entry->name);
      return TRUE;
    }
  candidate->n_failed++;
  g_debug ("no way in: %s", candidate->last->message);
  return FALSE;
}

VqEntry *
vq_entries_open_one (VqEntries *entries, gint64 deadline, VqCancel *cancel, GError **error)
{
  gint64 start = g_get_monotonic_time ();

  while (vq_cancel_reason (cancel) == NULL)
    {
      gboolean news = vq_wait_until (has_news, entries, deadline, cancel, "way into it", NULL);
      Candidate *candidate = news ? find_ready (entries) : NULL;

      if (candidate != NULL && try (candidate, deadline, cancel))
        return candidate->entry;
      if (is_hopeless (entries) || are_all_out (entries) || vq_deadline_left (deadline) <= 0)
        break;
      if (candidate != NULL && candidate->rank == VQ_ENTRY_LAST_RESORT && is_out (candidate))
        deadline = MIN (deadline, vq_deadline_in (entries->patience));
    }
  if (vq_cancel_reason (cancel) != NULL)
    g_propagate_error (error, g_error_copy (vq_cancel_reason (cancel)));
  else
    explain (entries,
             is_hopeless (entries)   ? VQ_ERROR_FAILED
             : is_locked (entries)   ? VQ_ERROR_LOCKED
             : are_all_out (entries) ? VQ_ERROR_FAILED
                                     : VQ_ERROR_TIMEOUT,
             (g_get_monotonic_time () - start) / (double)G_USEC_PER_SEC, error);
  return NULL;
}
