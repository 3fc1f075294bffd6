// SPDX-License-Identifier: GPL-2.0-or-later
#include "testbed/guest-template.h"

#include "guest/guest-identity.h"
#include "guest/guest-setup.h"
#include "guest/guest-timers.h"
#include "io/progress.h"
#include "testbed/guest-facts.h"

/* How many seconds a short step in a guest, a fork, and saving may take. */
#define STEP_SECONDS 100
#define FORK_SECONDS 60
#define SAVE_SECONDS 60

/* The names of the facts about the guest that are kept in the template. */
#define FACT_SCRATCH "scratch"
#define FACT_USER "user"
#define FACT_TIMERS "timers"
#define FACT_RAM "ram" /* "read-only" or missing */

/* Makes the parts of a template besides the machine. */
static gboolean
make_rest (VqTemplateBuild *build, VqGuest *guest, VqGuestFacts *facts, gint64 deadline,
           GError **error)
{
  g_autofree char *final_path = vq_template_build_get_final_path (build);
  gboolean can_read = FALSE;

  if (!vq_guest_identity_warm (vq_guest_get_channel (guest), deadline, vq_guest_get_cancel (guest),
                               error)
      || !vq_guest_prepare_forks (guest, final_path, deadline, error)
      || !vq_guest_can_read_ram (guest, &can_read, deadline, error)
      || !vq_guest_facts_make (facts, guest, error))
    return FALSE;
  if (can_read)
    vq_template_build_set (build, FACT_RAM, "read-only");
  vq_template_build_set (build, FACT_SCRATCH, facts->scratch);
  if (facts->user != NULL)
    vq_template_build_set (build, FACT_USER, facts->user);
  return TRUE;
}

/* Stops the timers and stores their names in *TIMERS. The guest takes a while for that, so the rest
 * is made meanwhile. */
static gboolean
prepare (VqTemplateBuild *build, VqGuest *guest, VqGuestFacts *facts, char **timers,
         gint64 deadline, GError **error)
{
  VqChannelCapture *stop = vq_guest_timers_begin_stop (vq_guest_get_channel (guest), error);
  gboolean made = stop != NULL && make_rest (build, guest, facts, deadline, error);

  return stop != NULL
         && vq_guest_timers_end_stop (stop, timers, deadline, vq_guest_get_cancel (guest),
                                      made ? error : NULL)
         && made;
}

VqTemplate *
vq_guest_template_save (VqTemplateBuild *build, VqGuest *guest, VqGuestFacts *facts, GError **error)
{
  g_autoptr (VqProgress) progress G_GNUC_UNUSED = vq_progress_new_text ("saving the testbed");
  gint64 deadline = vq_deadline_in (SAVE_SECONDS);
  g_autofree char *timers = NULL;

  if (!vq_guest_check_saving (guest, error))
    return NULL;
  if (!prepare (build, guest, facts, &timers, deadline, error)
      || !vq_guest_save (guest, deadline, error))
    {
      vq_guest_timers_start (vq_guest_get_channel (guest), timers != NULL ? timers : "");
      return NULL;
    }
  vq_template_build_set (build, FACT_TIMERS, timers);
  return vq_template_build_commit (build, error);
}

static void
take_facts (VqTemplate *template, VqGuestFacts *facts)
{
  vq_guest_facts_clear (facts);
  facts->scratch = g_strdup (vq_template_get (template, FACT_SCRATCH));
  facts->user = g_strdup (vq_template_get (template, FACT_USER));
}

/* If the scratch directory must have another path than in the template, it is made there. */
static gboolean
keep_scratch (VqGuest *guest, VqTemplate *template, VqGuestFacts *facts, GError **error)
{
  if (facts->scratch == NULL
      || g_strcmp0 (facts->scratch, vq_template_get (template, FACT_SCRATCH)) == 0)
    {
      take_facts (template, facts);
      return TRUE;
    }
  g_free (facts->user);
  facts->user = g_strdup (vq_template_get (template, FACT_USER));
  return vq_guest_setup_make_scratch (vq_guest_get_channel (guest), &facts->scratch,
                                      vq_deadline_in (STEP_SECONDS), vq_guest_get_cancel (guest),
                                      error);
}

VqGuest *
vq_guest_template_load (VqTemplate *template, const VqPlan *plan, VqCancel *cancel, GError **error)
{
  return vq_guest_load (plan, vq_template_get_directory (template),
                        vq_template_get (template, FACT_RAM) != NULL, vq_deadline_in (FORK_SECONDS),
                        cancel, error);
}

gboolean
vq_guest_template_run (VqTemplate *template, VqGuest *guest, VqGuestFacts *facts, gint64 deadline,
                       GError **error)
{
  g_autoptr (VqProgress) progress G_GNUC_UNUSED
      = vq_progress_new_text ("starting a copy of the testbed");
  const char *timers = vq_template_get (template, FACT_TIMERS);

  if (!vq_guest_run_loaded (guest, deadline, error)
      || !keep_scratch (guest, template, facts, error))
    return FALSE;
  vq_guest_timers_start (vq_guest_get_channel (guest), timers != NULL ? timers : "");
  return TRUE;
}
