// SPDX-License-Identifier: GPL-2.0-or-later
#include "template/template-turn.h"

#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "io/lock-file.h"
#include "io/log.h"
#include "io/progress-line.h"
#include "template/template-name.h"

/* A process that cleans up takes a lock for a moment. We wait so long before we tell the user that
 * another process is making the template. */
#define SWEEP_SECONDS 0.3

/* How often there is a sign, and how often those who wait look for one. */
#define SIGN_SECONDS 2
#define LOOK_MS 1000

/* If there was no sign for long when we come, this tells whether there will be one. */
#define FIRST_LOOK_SECONDS (2.0 * SIGN_SECONDS + 1)

/* Nobody waits so long. */
#define EVER_SECONDS (100.0 * 24 * 60 * 60)

struct _VqTemplateTurn
{
  VqLockFile *lock; /* owned */
  guint id;         /* of the timer for the signs */
};

/* Looks what the process that has the turn does. */
typedef struct
{
  VqPrivateDir *cache;
  const char *name; /* of the lock */
  double patience;
  VqCancel *cancel; /* to be triggered when the patience is over */
  VqLockFileSign last;
  gint64 last_time; /* when we saw it, or would have; of the monotonic clock */
  gint64 start;
} Watch;

static gboolean
show_sign (gpointer data)
{
  VqTemplateTurn *turn = data;
  const char *what = vq_log_get_progress ();
  g_autofree char *text
      = g_strdup_printf ("process %d%s%s", getpid (), what[0] != '\0' ? ": " : "", what);

  vq_lock_file_tell (turn->lock, text);
  return G_SOURCE_CONTINUE;
}

static VqTemplateTurn *
begin_turn (VqLockFile *lock)
{
  VqTemplateTurn *turn = g_new0 (VqTemplateTurn, 1);

  turn->lock = lock;
  turn->id = g_timeout_add_seconds (SIGN_SECONDS, show_sign, turn);
  show_sign (turn);
  return turn;
}

void
vq_template_turn_free (VqTemplateTurn *turn)
{
  if (turn == NULL)
    return;
  g_source_remove (turn->id);
  vq_lock_file_free (turn->lock);
  g_free (turn);
}

static char *
describe (const Watch *watch)
{
  return vq_text_printable (watch->last.text, strlen (watch->last.text), sizeof watch->last.text);
}

static void
tell (const Watch *watch)
{
  g_autofree char *said = describe (watch);

  g_message ("another process makes the template that is needed: waiting for it (%s)",
             said[0] != '\0' ? said : "it does not say what it does");
}

/* There may be no file for a moment, when the turn passes on to another process that waits. */
static void
look_for_sign (Watch *watch)
{
  VqLockFileSign sign;
  gboolean is_news;

  if (!vq_lock_file_hear (watch->cache, watch->name, &sign) || sign.when == watch->last.when)
    return;
  is_news = strcmp (sign.text, watch->last.text) != 0;
  watch->last = sign;
  watch->last_time = g_get_monotonic_time ();
  if (is_news)
    tell (watch);
}

static void
give_up (const Watch *watch)
{
  g_autofree char *said = describe (watch);
  g_autoptr (GError) why
      = g_error_new (VQ_ERROR, VQ_ERROR_TIMEOUT,
                     "the process that makes it has shown no sign of work for %.0f s (%s)",
                     watch->patience, said[0] != '\0' ? said : "it has never shown one");

  vq_cancel_trigger (watch->cancel, why);
}

static gboolean
look (gpointer data)
{
  Watch *watch = data;
  gint64 now = g_get_monotonic_time ();
  g_autofree char *line = NULL;
  g_autofree char *said = NULL;

  look_for_sign (watch);
  if (now - watch->last_time > watch->patience * G_USEC_PER_SEC)
    give_up (watch);
  said = describe (watch);
  line = g_strdup_printf ("%3" G_GINT64_FORMAT " s: %s", (now - watch->start) / G_USEC_PER_SEC,
                          said);
  vq_progress_line_show (line);
  return G_SOURCE_CONTINUE;
}

/* Most of the patience is over already if there was no sign for long before we came. */
static void
begin_watch (Watch *watch)
{
  double silence;

  watch->start = g_get_monotonic_time ();
  if (vq_lock_file_hear (watch->cache, watch->name, &watch->last))
    tell (watch);
  silence = (g_get_real_time () - watch->last.when) / (double)G_USEC_PER_SEC;
  watch->last_time = watch->start;
  if (silence > watch->patience && watch->patience > FIRST_LOOK_SECONDS)
    watch->last_time -= (watch->patience - FIRST_LOOK_SECONDS) * G_USEC_PER_SEC;
}

static VqLockFile *
wait_for_lock (VqPrivateDir *cache, const char *name, double patience, VqCancel *cancel,
               GError **error)
{
  g_autoptr (VqCancel) patient = vq_cancel_new (cancel);
  Watch watch = { cache, name, patience, patient, { "", 0 }, 0, 0 };
  guint id = g_timeout_add (MIN (LOOK_MS, patience * 1000), look, &watch);
  VqLockFile *lock;

  begin_watch (&watch);
  lock = vq_lock_file_wait (cache, name, vq_deadline_in (EVER_SECONDS), patient, error);
  g_source_remove (id);
  vq_progress_line_clear ();
  return lock;
}

VqTemplateTurn *
vq_template_turn_wait (VqPrivateDir *cache, const char *digest, double patience, VqCancel *cancel,
                       GError **error)
{
  g_autofree char *name = vq_template_name_build_lock (digest);
  VqLockFile *lock;

  if (!vq_lock_file_try (cache, name, &lock, error))
    return NULL;
  if (lock == NULL)
    lock = vq_lock_file_wait (cache, name, vq_deadline_in (SWEEP_SECONDS), cancel, NULL);
  if (lock == NULL)
    lock = wait_for_lock (cache, name, patience, cancel, error);
  return lock != NULL ? begin_turn (lock) : NULL;
}
