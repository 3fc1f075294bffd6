// SPDX-License-Identifier: GPL-2.0-or-later
#include "provision.h"

#include "error.h"
#include "guest-template.h"
#include "log.h"
#include "machine.h"
#include "template-store.h"
#include "testbed-key.h"

/* Seconds for a short step in a guest that is up. */
#define STEP_SECONDS 100
/* Seconds to look at everything that goes into the key. */
#define KEY_SECONDS 60

/* What is to be free on the disk besides the memory's file; and what is as good as nothing. */
#define SPARE_MIB 256
#define FULL_MIB 1

struct _VqProvision
{
  VqPlan *plan;
  VqCancel *cancel;
  VqTemplateStore *store; /* NULL: not open, or no templates are wanted */
  VqTemplateKey *key;     /* NULL: not made yet */
  VqTemplate *template;   /* what is forked; NULL: none yet */
  VqTemplateWish wish;
  GError *locked;   /* why nothing led into the guest without a cloud seed; NULL: it did */
  gboolean gave_up; /* no template any more: every guest is booted */
};

VqProvision *
vq_provision_new (VqPlan *plan, VqCancel *cancel)
{
  VqProvision *provision = g_new0 (VqProvision, 1);

  provision->plan = plan;
  provision->cancel = cancel;
  provision->wish
      = plan->options->template == VQ_TEMPLATE_REFRESH ? VQ_TEMPLATE_NEW : VQ_TEMPLATE_ANY;
  provision->gave_up = plan->options->template == VQ_TEMPLATE_OFF;
  return provision;
}

void
vq_provision_free (VqProvision *provision)
{
  if (provision == NULL)
    return;
  g_clear_error (&provision->locked);
  vq_template_free (provision->template);
  vq_template_key_free (provision->key);
  vq_template_store_free (provision->store);
  g_free (provision);
}

static gint64
boot_deadline (VqProvision *provision)
{
  return vq_deadline_in (provision->plan->boot_timeout);
}

/* With DIRECTORY (may be NULL) it can become the template there. Its facts are still to be made. */
static VqGuest *
boot (VqProvision *provision, const char *directory, GError **error)
{
  g_autoptr (VqGuest) guest = NULL;

  vq_log_progress ("booting the guest");
  guest = vq_guest_boot (provision->plan, directory, boot_deadline (provision), provision->cancel,
                         error);
  if (guest == NULL || !vq_guest_prepare (guest, provision->plan->options, error))
    return NULL;
  return g_steal_pointer (&guest);
}

static VqGuest *
boot_testbed (VqProvision *provision, VqGuestFacts *facts, GError **error)
{
  g_autoptr (VqGuest) guest = boot (provision, NULL, error);

  if (guest == NULL || !vq_guest_facts_make (facts, guest, error))
    return NULL;
  return g_steal_pointer (&guest);
}

static void
warn_no_template (VqProvision *provision, const GError *why)
{
  if (!provision->gave_up)
    g_warning ("no template, so each testbed is booted: %s; --template=off silences this",
               why->message);
  provision->gave_up = TRUE;
}

/* There is no template for the reason WHY, which is taken over. FALSE with *ERROR set if that is
 * because all is to end. */
static gboolean
do_without (VqProvision *provision, GError *why, GError **error)
{
  if (vq_cancel_reason (provision->cancel) != NULL)
    {
      g_propagate_error (error, why);
      return FALSE;
    }
  warn_no_template (provision, why);
  g_error_free (why);
  return TRUE;
}

/* Takes over WHY, the failure of the guest that was to become the template. If there is no room
 * left on the disk, that is its cause, as its memory could not grow; then the next one does
 * without. */
static void
judge_failure (VqProvision *provision, VqTemplateBuild *build, GError *why, GError **error)
{
  g_autoptr (GError) full = NULL;

  if (vq_cancel_reason (provision->cancel) != NULL
      || vq_template_build_check_room (build, FULL_MIB * 1024 * 1024, NULL))
    {
      g_propagate_error (error, why);
      return;
    }
  vq_set_error (&full, VQ_ERROR_FAILED,
                "the disk of %s has become full: give another directory with --template-dir",
                vq_template_build_get_directory (build));
  warn_no_template (provision, full);
  g_error_free (why);
}

/* The guest that could not be saved is given itself: its files have no names any more, but it has
 * them open. If it has ended with that, there is none. */
static VqGuest *
keep (VqGuest *guest, VqGuestFacts *facts, GError **error)
{
  g_autoptr (VqGuest) kept = guest;

  if (!vq_guest_go_on (guest, vq_deadline_in (STEP_SECONDS))
      || !vq_guest_facts_make (facts, guest, error))
    return NULL;
  return g_steal_pointer (&kept);
}

/* Boots a guest and makes a template of it; or gives that guest. */
static VqGuest *
boot_template (VqProvision *provision, VqTemplateBuild *build, VqGuestFacts *facts, GError **error)
{
  g_autoptr (GError) why = NULL;
  g_autoptr (VqGuest) guest = boot (provision, vq_template_build_get_directory (build), &why);
  const char *reason;

  if (guest == NULL)
    {
      judge_failure (provision, build, g_steal_pointer (&why), error);
      return NULL;
    }
  reason = vq_guest_no_template_reason (guest);
  if (reason != NULL)
    vq_set_error (&why, VQ_ERROR_FAILED, "%s", reason);
  else if (vq_guest_template_save (build, guest, facts, &why))
    provision->template = vq_template_build_commit (build, &why);
  if (provision->template != NULL)
    return NULL;
  if (!do_without (provision, g_steal_pointer (&why), error))
    return NULL;
  return keep (g_steal_pointer (&guest), facts, error);
}

static gboolean
open_store (VqProvision *provision, GError **error)
{
  const VqOptions *options = provision->plan->options;
  const VqTemplateLimits limits = { options->template_max_age, options->template_cache_size };

  if (provision->store != NULL && !vq_template_store_is_current (provision->store))
    g_clear_pointer (&provision->store, vq_template_store_free);
  if (provision->store == NULL)
    provision->store = vq_template_store_open (options->template_dir, &limits, error);
  return provision->store != NULL;
}

static gboolean
make_key (VqProvision *provision, GError **error)
{
  g_clear_pointer (&provision->key, vq_template_key_free);
  provision->key = vq_testbed_key_new (provision->plan, vq_deadline_in (KEY_SECONDS),
                                       provision->cancel, error);
  return provision->key != NULL;
}

/* Looks for the template of the key. */
static gboolean
look_it_up (VqProvision *provision)
{
  provision->template = vq_template_store_find (provision->store, provision->key);
  return provision->template != NULL;
}

/* Looks for a template, and if there is none, for one with a cloud seed: whether a guest needs that
 * is found out the hard way, and a template remembers it. */
static gboolean
find_saved (VqProvision *provision, GError **error)
{
  g_autoptr (VqTemplateKey) plain = NULL;
  gboolean made;

  if (look_it_up (provision) || !vq_plan_add_cloud_seed (provision->plan))
    return TRUE;
  plain = g_steal_pointer (&provision->key);
  made = make_key (provision, error);
  if (made && look_it_up (provision))
    return TRUE;
  provision->plan->cloud_seed = FALSE;
  vq_template_key_free (provision->key);
  provision->key = g_steal_pointer (&plain);
  return made;
}

static gboolean
check_images (const VqPlan *plan, GError **error)
{
  gboolean ok = vq_image_check_saving (plan->image, error);

  for (guint i = 0; ok && i < plan->more->len; i++)
    ok = vq_image_check_saving (plan->more->pdata[i], error);
  return ok;
}

/* Sets the template if there is one, or *BUILD if one is to be made. */
static gboolean
find_template (VqProvision *provision, VqTemplateBuild **build, GError **error)
{
  const VqPlan *plan = provision->plan;
  const char *reason = vq_machine_no_template_reason (plan->options);

  if (reason == NULL && plan->options->channel == VQ_CHANNEL_AGENT)
    reason = "--channel=agent cannot set a fork's clock";
  if (reason == NULL && plan->options->channel == VQ_CHANNEL_SSH)
    reason = "--channel=ssh cannot set a fork's clock";
  if (reason != NULL)
    return vq_set_error (error, VQ_ERROR_FAILED, "%s", reason);
  if (!check_images (plan, error) || !make_key (provision, error) || !open_store (provision, error))
    return FALSE;
  if (provision->wish == VQ_TEMPLATE_ANY && !find_saved (provision, error))
    return FALSE;
  return provision->template != NULL
         || vq_template_store_begin (provision->store, provision->key, provision->wish,
                                     boot_deadline (provision), provision->cancel,
                                     &provision->template, build, error);
}

/* A memory file that cannot grow kills QEMU in the middle of the boot. */
static gboolean
check_room (VqProvision *provision, VqTemplateBuild *build, GError **error)
{
  guint64 mib = provision->plan->options->ram_size_mib + SPARE_MIB;

  return vq_template_build_check_room (build, mib * 1024 * 1024, error);
}

/* Sees to it that there is a template. It may give a guest instead; NULL without an error means
 * that there is a template now, or that there will be none. */
static VqGuest *
get_template (VqProvision *provision, VqGuestFacts *facts, GError **error)
{
  g_autoptr (VqTemplateBuild) build = NULL;
  g_autoptr (GError) why = NULL;

  if (provision->template != NULL || provision->gave_up)
    return NULL;
  if (!find_template (provision, &build, &why))
    {
      do_without (provision, g_steal_pointer (&why), error);
      return NULL;
    }
  if (build == NULL)
    return NULL;
  if (check_room (provision, build, &why))
    return boot_template (provision, build, facts, error);
  warn_no_template (provision, why);
  return NULL;
}

static VqGuest *
fork_template (VqProvision *provision, VqGuestFacts *facts, GError **error)
{
  VqGuest *guest;

  if (!vq_template_key_check (provision->key, error)
      || !vq_template_check (provision->template, error))
    return NULL;
  guest = vq_guest_template_fork (provision->template, provision->plan, facts, provision->cancel,
                                  error);
  if (guest != NULL)
    provision->wish = VQ_TEMPLATE_ANY; /* it is good: if it ceases to be, another may be made */
  return guest;
}

/* The template is of no use: the first time another one is made, then we go on without. */
static void
drop_template (VqProvision *provision, const GError *why)
{
  g_clear_pointer (&provision->template, vq_template_free);
  if (provision->wish == VQ_TEMPLATE_NEW)
    {
      warn_no_template (provision, why);
      return;
    }
  g_warning ("the template cannot be used, so another one is made: %s", why->message);
  provision->wish = VQ_TEMPLATE_NEW;
}

/* Whether a boot that failed for the reason WHY will be another one with a cloud seed. */
static gboolean
try_seed (VqProvision *provision, const GError *why)
{
  if (!vq_error_is_locked (why) || !vq_plan_add_cloud_seed (provision->plan))
    return FALSE;
  provision->locked = g_error_copy (why);
  g_message ("the guest is up, but lets nobody in: trying again with a cloud-init seed");
  return TRUE;
}

/* One try. It gives no guest and no error if the next one will be another. */
static VqGuest *
try_to_get (VqProvision *provision, VqGuestFacts *facts, GError **error)
{
  g_autoptr (GError) local = NULL;
  VqGuest *guest = get_template (provision, facts, &local);

  if (guest == NULL && local == NULL)
    guest = provision->template != NULL ? fork_template (provision, facts, &local)
                                        : boot_testbed (provision, facts, &local);
  if (guest != NULL || try_seed (provision, local))
    return guest;
  if (provision->template == NULL || vq_cancel_reason (provision->cancel) != NULL)
    g_propagate_error (error, g_steal_pointer (&local));
  else
    drop_template (provision, local);
  return NULL;
}

/* Sets *ERROR to WHY, which is taken over. If a seed was only an attempt, what was wrong before it
 * tells more. */
static void
propagate (VqProvision *provision, GError *why, GError **error)
{
  if (provision->locked == NULL || vq_cancel_reason (provision->cancel) != NULL)
    {
      g_propagate_error (error, why);
      return;
    }
  g_debug ("with the seed: %s", why->message);
  g_error_free (why);
  g_propagate_prefixed_error (error, g_steal_pointer (&provision->locked),
                              "a cloud-init seed did not help: ");
}

VqGuest *
vq_provision_get (VqProvision *provision, VqGuestFacts *facts, GError **error)
{
  g_autoptr (GError) local = NULL;
  VqGuest *guest = NULL;

  while (guest == NULL && local == NULL)
    guest = try_to_get (provision, facts, &local);
  if (local != NULL)
    propagate (provision, g_steal_pointer (&local), error);
  return guest;
}
