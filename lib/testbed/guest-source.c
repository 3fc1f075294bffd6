// SPDX-License-Identifier: GPL-2.0-or-later
#include "testbed/guest-source.h"

#include "base/error.h"
#include "testbed/guest-template.h"
#include "base/log.h"
#include "qemu/qemu-config.h"
#include "template/template-store.h"
#include "testbed/plan-inputs.h"
#include "testbed/guest-facts.h"

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

VqGuestSource *
vq_guest_source_new (VqPlan *plan, VqCancel *cancel)
{
  VqGuestSource *source = g_new0 (VqGuestSource, 1);

  source->plan = plan;
  source->cancel = cancel;
  source->wish = plan->options->template == VQ_TEMPLATE_REFRESH ? VQ_TEMPLATE_NEW : VQ_TEMPLATE_ANY;
  source->gave_up = plan->options->template == VQ_TEMPLATE_OFF;
  return source;
}

void
vq_guest_source_free (VqGuestSource *source)
{
  if (source == NULL)
    return;
  g_clear_error (&source->locked);
  vq_template_free (source->template);
  vq_template_key_free (source->key);
  vq_template_store_free (source->store);
  g_free (source);
}

static gint64
boot_deadline (VqGuestSource *source)
{
  return vq_deadline_in (source->plan->boot_timeout);
}

/* With DIRECTORY (may be NULL) it can become the template there. Its facts are still to be made. */
static VqGuest *
boot (VqGuestSource *source, const char *directory, GError **error)
{
  g_autoptr (VqGuest) guest = NULL;

  vq_log_progress ("booting the guest");
  guest = vq_guest_boot (source->plan, directory, boot_deadline (source), source->cancel, error);
  if (guest == NULL || !vq_guest_prepare (guest, source->plan->options, error))
    return NULL;
  return g_steal_pointer (&guest);
}

static VqGuest *
boot_testbed (VqGuestSource *source, VqGuestFacts *facts, GError **error)
{
  g_autoptr (VqGuest) guest = boot (source, NULL, error);

  if (guest == NULL || !vq_guest_facts_make (facts, guest, error))
    return NULL;
  return g_steal_pointer (&guest);
}

static void
warn_no_template (VqGuestSource *source, const GError *why)
{
  if (!source->gave_up)
    g_warning ("no template, so each testbed is booted: %s; --template=off silences this",
               why->message);
  source->gave_up = TRUE;
}

/* There is no template for the reason WHY, which is taken over. FALSE with *ERROR set if that is
 * because all is to end. */
static gboolean
do_without (VqGuestSource *source, GError *why, GError **error)
{
  if (vq_cancel_reason (source->cancel) != NULL)
    {
      g_propagate_error (error, why);
      return FALSE;
    }
  warn_no_template (source, why);
  g_error_free (why);
  return TRUE;
}

/* Takes over WHY, the failure of the guest that was to become the template. If there is no room
 * left on the disk, that is its cause, as its memory could not grow; then the next one does
 * without. */
static void
judge_failure (VqGuestSource *source, VqTemplateBuild *build, GError *why, GError **error)
{
  g_autoptr (GError) full = NULL;

  if (vq_cancel_reason (source->cancel) != NULL
      || vq_template_build_check_room (build, FULL_MIB * 1024 * 1024, NULL))
    {
      g_propagate_error (error, why);
      return;
    }
  vq_error_set (&full, VQ_ERROR_FAILED,
                "the disk of %s has become full: give another directory with --template-dir",
                vq_template_build_get_directory (build));
  warn_no_template (source, full);
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
boot_template (VqGuestSource *source, VqTemplateBuild *build, VqGuestFacts *facts, GError **error)
{
  g_autoptr (GError) why = NULL;
  g_autoptr (VqGuest) guest = boot (source, vq_template_build_get_directory (build), &why);
  const char *reason;

  if (guest == NULL)
    {
      judge_failure (source, build, g_steal_pointer (&why), error);
      return NULL;
    }
  reason = vq_guest_no_template_reason (guest);
  if (reason != NULL)
    vq_error_set (&why, VQ_ERROR_FAILED, "%s", reason);
  else if (vq_guest_template_save (build, guest, facts, &why))
    source->template = vq_template_build_commit (build, &why);
  if (source->template != NULL)
    return NULL;
  if (!do_without (source, g_steal_pointer (&why), error))
    return NULL;
  return keep (g_steal_pointer (&guest), facts, error);
}

static gboolean
open_store (VqGuestSource *source, GError **error)
{
  const VqOptions *options = source->plan->options;
  const VqTemplateLimits limits = { options->template_max_age, options->template_cache_size };

  if (source->store != NULL && !vq_template_store_is_current (source->store))
    g_clear_pointer (&source->store, vq_template_store_free);
  if (source->store == NULL)
    source->store = vq_template_store_open (options->template_dir, &limits, error);
  return source->store != NULL;
}

static gboolean
make_key (VqGuestSource *source, GError **error)
{
  g_clear_pointer (&source->key, vq_template_key_free);
  source->key
      = vq_plan_inputs_get_key (source->plan, vq_deadline_in (KEY_SECONDS), source->cancel, error);
  return source->key != NULL;
}

/* Looks for the template of the key. */
static gboolean
look_it_up (VqGuestSource *source)
{
  source->template = vq_template_store_find (source->store, source->key);
  return source->template != NULL;
}

/* Looks for a template, and if there is none, for one with a cloud seed: whether a guest needs that
 * is found out the hard way, and a template remembers it. */
static gboolean
find_saved (VqGuestSource *source, GError **error)
{
  g_autoptr (VqTemplateKey) plain = NULL;
  gboolean made;

  if (look_it_up (source) || !vq_plan_add_cloud_seed (source->plan))
    return TRUE;
  plain = g_steal_pointer (&source->key);
  made = make_key (source, error);
  if (made && look_it_up (source))
    return TRUE;
  source->plan->cloud_seed = FALSE;
  vq_template_key_free (source->key);
  source->key = g_steal_pointer (&plain);
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
find_template (VqGuestSource *source, VqTemplateBuild **build, GError **error)
{
  const VqPlan *plan = source->plan;
  const char *reason = vq_qemu_config_no_template_reason (plan->options);

  if (reason == NULL && plan->options->channel == VQ_CHANNEL_SSH)
    reason = "--channel=ssh cannot set a fork's clock";
  if (reason != NULL)
    return vq_error_set (error, VQ_ERROR_FAILED, "%s", reason);
  if (!check_images (plan, error) || !make_key (source, error) || !open_store (source, error))
    return FALSE;
  if (source->wish == VQ_TEMPLATE_ANY && !find_saved (source, error))
    return FALSE;
  return source->template != NULL
         || vq_template_store_begin (source->store, source->key, source->wish,
                                     boot_deadline (source), source->cancel, &source->template,
                                     build, error);
}

/* A memory file that cannot grow kills QEMU in the middle of the boot. */
static gboolean
check_room (VqGuestSource *source, VqTemplateBuild *build, GError **error)
{
  guint64 mib = source->plan->options->ram_size_mib + SPARE_MIB;

  return vq_template_build_check_room (build, mib * 1024 * 1024, error);
}

/* Sees to it that there is a template. It may give a guest instead; NULL without an error means
 * that there is a template now, or that there will be none. */
static VqGuest *
get_template (VqGuestSource *source, VqGuestFacts *facts, GError **error)
{
  g_autoptr (VqTemplateBuild) build = NULL;
  g_autoptr (GError) why = NULL;

  if (source->template != NULL || source->gave_up)
    return NULL;
  if (!find_template (source, &build, &why))
    {
      do_without (source, g_steal_pointer (&why), error);
      return NULL;
    }
  if (build == NULL)
    return NULL;
  if (check_room (source, build, &why))
    return boot_template (source, build, facts, error);
  warn_no_template (source, why);
  return NULL;
}

static VqGuest *
fork_template (VqGuestSource *source, VqGuestFacts *facts, GError **error)
{
  VqGuest *guest;

  if (!vq_template_key_check (source->key, error) || !vq_template_check (source->template, error))
    return NULL;
  guest = vq_guest_template_fork (source->template, source->plan, facts, source->cancel, error);
  if (guest != NULL)
    source->wish = VQ_TEMPLATE_ANY; /* it is good: if it ceases to be, another may be made */
  return guest;
}

/* The template is of no use: the first time another one is made, then we go on without. */
static void
drop_template (VqGuestSource *source, const GError *why)
{
  g_clear_pointer (&source->template, vq_template_free);
  if (source->wish == VQ_TEMPLATE_NEW)
    {
      warn_no_template (source, why);
      return;
    }
  g_warning ("the template cannot be used, so another one is made: %s", why->message);
  source->wish = VQ_TEMPLATE_NEW;
}

/* Whether a boot that failed for the reason WHY will be another one with a cloud seed. */
static gboolean
try_seed (VqGuestSource *source, const GError *why)
{
  if (!vq_error_is_locked (why) || !vq_plan_add_cloud_seed (source->plan))
    return FALSE;
  source->locked = g_error_copy (why);
  g_message ("the guest is up, but lets nobody in: trying again with a cloud-init seed");
  return TRUE;
}

/* One try. It gives no guest and no error if the next one will be another. */
static VqGuest *
try_to_get (VqGuestSource *source, VqGuestFacts *facts, GError **error)
{
  g_autoptr (GError) local = NULL;
  VqGuest *guest = get_template (source, facts, &local);

  if (guest == NULL && local == NULL)
    guest = source->template != NULL ? fork_template (source, facts, &local)
                                     : boot_testbed (source, facts, &local);
  if (guest != NULL || try_seed (source, local))
    return guest;
  if (source->template == NULL || vq_cancel_reason (source->cancel) != NULL)
    g_propagate_error (error, g_steal_pointer (&local));
  else
    drop_template (source, local);
  return NULL;
}

/* Sets *ERROR to WHY, which is taken over. If a seed was only an attempt, what was wrong before it
 * tells more. */
static void
propagate (VqGuestSource *source, GError *why, GError **error)
{
  if (source->locked == NULL || vq_cancel_reason (source->cancel) != NULL)
    {
      g_propagate_error (error, why);
      return;
    }
  g_debug ("with the seed: %s", why->message);
  g_error_free (why);
  g_propagate_prefixed_error (error, g_steal_pointer (&source->locked),
                              "a cloud-init seed did not help: ");
}

VqGuest *
vq_guest_source_get (VqGuestSource *source, VqGuestFacts *facts, GError **error)
{
  g_autoptr (GError) local = NULL;
  VqGuest *guest = NULL;

  while (guest == NULL && local == NULL)
    guest = try_to_get (source, facts, &local);
  if (local != NULL)
    propagate (source, g_steal_pointer (&local), error);
  return guest;
}
