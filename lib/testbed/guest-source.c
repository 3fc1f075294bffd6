// SPDX-License-Identifier: GPL-2.0-or-later
/* The sources of a guest, in the order in which try_sources asks them:
 *
 *   fork   of a template: the one we have, or one that is in the cache
 *   build  boots a guest, saves it as a template and forks that
 *   boot   boots a guest
 *
 * If all fail, find_remedy looks for something to change: a new template, if the present one could
 * not be forked, and not because this host has too little room; a seed for cloud-init, if the guest
 * has booted but no way into it opens; TCG, if nothing runs under KVM; no sandbox, if QEMU has
 * none. Where a system call failed, the same template is tried once more first. Then all sources
 * are asked again, because another plan has other templates. Each remedy is used once per guest, so
 * this ends. */
#include "testbed/guest-source.h"

#include <errno.h>

#include "base/error.h"
#include "guest/boot-wait.h"
#include "io/log.h"
#include "template/template-store.h"
#include "template/template-sync.h"
#include "testbed/guest-facts.h"
#include "testbed/guest-template.h"
#include "testbed/plan-inputs.h"
#include "testbed/spare.h"

/* How many seconds a short step in a guest may take. */
#define STEP_SECONDS 100
/* How many seconds it may take to take over the state of another guest, whose supervisor may do
 * something else first. */
#define RECEIVE_SECONDS 600
/* How many seconds a fork may take until it answers. A spare machine has answered already, so it
 * takes no time; if it hangs, a new fork is made soon. */
#define FORK_SECONDS 60
#define SPARE_SECONDS 5
/* How many seconds it may take to collect the facts for the key. */
#define KEY_SECONDS 60

/* How many seconds to wait for another process that makes the template and shows no sign of work.
 */
#define PATIENCE_SECONDS 60

/* How long a template has been used until it is forced onto the disk, and how long that may take if
 * somebody waits for it, both in seconds. */
#define SYNC_AFTER 1
#define SYNC_SECONDS 600

/* With how much free room the disk counts as full. */
#define FULL_MIB 1

struct _VqGuestSource
{
  VqPlan *plan;
  VqCancel *cancel;
  VqTemplateChoice templates; /* as in the options at first; OFF when there can be none */
  VqTemplate *template;       /* the template that is forked; NULL: none yet */
  VqTemplateKey *key;         /* the key of that template */
  VqTemplateSync *sync;       /* of that template; NULL: it is not used yet */
  VqSpare *spare;             /* a fork of that template */
  const char *origin;         /* of the last guest */
  char *trouble;              /* why the last guest that wanted a template got none, or NULL */
  gboolean tried_again;       /* the template has been, for the present guest */
  gboolean only_template;     /* a guest that is booted would be of no use */
};

VqGuestSource *
vq_guest_source_new (VqPlan *plan, VqCancel *cancel)
{
  VqGuestSource *source = g_new0 (VqGuestSource, 1);

  source->plan = plan;
  source->cancel = cancel;
  source->templates = plan->options->template;
  source->spare = vq_spare_new (plan, cancel);
  return source;
}

void
vq_guest_source_free (VqGuestSource *source)
{
  if (source == NULL)
    return;
  vq_spare_free (source->spare);
  vq_template_sync_free (source->sync);
  vq_template_free (source->template);
  vq_template_key_free (source->key);
  g_free (source->trouble);
  g_free (source);
}

const char *
vq_guest_source_get_origin (VqGuestSource *source)
{
  return source->origin;
}

/* Whether we have been cancelled; *ERROR is then the reason. */
static gboolean
is_over (VqGuestSource *source, GError **error)
{
  const GError *reason = vq_cancel_reason (source->cancel);

  if (reason != NULL)
    g_propagate_error (error, g_error_copy (reason));
  return reason != NULL;
}

/* There is no template for the present guest because of WHY, but there may be one for the next, so
 * each of them looks again. The same warning comes once. */
static void
do_without_template (VqGuestSource *source, const char *why)
{
  if (g_strcmp0 (source->trouble, why) == 0)
    return;
  g_free (source->trouble);
  source->trouble = g_strdup (why);
  if (!source->only_template)
    g_warning ("no template, so the testbed is booted: %s; --template=off silences this", why);
}

/* The same, but no guest looks again. */
static void G_GNUC_PRINTF (2, 3) give_up_templates (VqGuestSource *source, const char *format, ...)
{
  g_autofree char *why = NULL;
  va_list args;

  va_start (args, format);
  why = g_strdup_vprintf (format, args);
  va_end (args);
  do_without_template (source, why);
  source->templates = VQ_TEMPLATE_OFF;
}

static gint64
boot_deadline (VqGuestSource *source)
{
  return vq_deadline_in (source->plan->boot_timeout);
}

/* Boots and prepares a guest; its facts are not made yet. With DIRECTORY (may be NULL), it can
 * become the template there. If it does not boot, *STAGE is set. */
static VqGuest *
boot (VqGuestSource *source, const char *directory, VqBootStage *stage, GError **error)
{
  g_autoptr (VqGuest) guest = NULL;

  source->origin = "boot";
  vq_log_progress ("booting the guest");
  guest = vq_guest_boot (source->plan, directory, boot_deadline (source), source->cancel, stage,
                         error);
  if (guest == NULL || !vq_guest_prepare (guest, source->plan, error))
    return NULL;
  return g_steal_pointer (&guest);
}

/* Boots the guest again from its own disk. */
static VqGuest *
boot_kept (VqGuestSource *source, VqGuestFacts *facts, VqBootStage *stage, GError **error)
{
  g_autoptr (VqGuest) guest = NULL;

  source->origin = "boot";
  vq_log_progress ("booting the guest");
  guest = vq_guest_boot_kept (source->plan, boot_deadline (source), source->cancel, stage, error);
  if (guest == NULL || !vq_guest_prepare (guest, source->plan, error)
      || !vq_guest_facts_make (facts, guest, error))
    return NULL;
  return g_steal_pointer (&guest);
}

static VqGuest *
boot_testbed (VqGuestSource *source, VqGuestFacts *facts, VqBootStage *stage, GError **error)
{
  g_autoptr (VqGuest) guest = boot (source, NULL, stage, error);

  if (guest == NULL || !vq_guest_facts_make (facts, guest, error))
    return NULL;
  return g_steal_pointer (&guest);
}

static VqGuest *
boot_plain (VqGuestSource *source, VqGuestFacts *facts, VqBootStage *stage, GError **error)
{
  source->origin = "boot";
  vq_log_progress ("booting the guest");
  return vq_guest_boot (source->plan, NULL, boot_deadline (source), source->cancel, stage, error);
}

/* Lets GUEST run, which is a fork that stands still; NULL if there is none. Takes over GUEST. */
static VqGuest *
run_fork (VqGuestSource *source, VqGuest *guest, VqGuestFacts *facts, double seconds,
          GError **error)
{
  if (guest == NULL
      || vq_guest_template_run (source->template, guest, facts, vq_deadline_in (seconds), error))
    return guest;
  vq_guest_free (guest);
  return NULL;
}

/* NULL if there is none, or it cannot be used any more. */
static VqGuest *
use_spare (VqGuestSource *source, VqGuestFacts *facts)
{
  g_autoptr (GError) why = NULL;
  VqGuest *guest = run_fork (source, vq_spare_take (source->spare), facts, SPARE_SECONDS, &why);

  source->origin = "spare";
  if (why != NULL)
    g_debug ("the spare machine cannot be used: %s", why->message);
  return guest;
}

static VqGuest *
make_fork (VqGuestSource *source, VqGuestFacts *facts, GError **error)
{
  VqGuest *guest = vq_guest_template_load (source->template, source->plan, source->cancel, error);

  source->origin = "fork";
  return run_fork (source, guest, facts, FORK_SECONDS, error);
}

static VqGuest *
fork_template (VqGuestSource *source, VqGuestFacts *facts, GError **error)
{
  VqGuest *guest;

  if (!vq_template_key_check (source->key, error) || !vq_template_check (source->template, error))
    return NULL;
  guest = use_spare (source, facts);
  if (guest == NULL)
    guest = make_fork (source, facts, error);
  if (guest != NULL)
    source->templates
        = VQ_TEMPLATE_AUTO; /* if the template becomes useless later, a new one may be made */
  return guest;
}

static VqTemplateKey *
make_key (VqGuestSource *source, const VqPlan *plan, GError **error)
{
  return vq_plan_inputs_get_key (plan, vq_deadline_in (KEY_SECONDS), source->cancel, error);
}

static VqTemplateStore *
open_store (const VqOptions *options, GError **error)
{
  const VqTemplateLimits limits = { options->template_max_age, options->template_cache_size };

  return vq_template_store_open (options->template_dir, &limits, error);
}

/* Looks for a template with a cloud seed. Whether a guest needs a seed is only known after a boot
 * in vain, but if it did, its template was made with one. */
static gboolean
find_seeded (VqGuestSource *source, VqTemplateStore *store, GError **error)
{
  VqPlan seeded = *source->plan;
  g_autoptr (VqTemplateKey) key = NULL;

  if (!vq_plan_add_cloud_seed (&seeded))
    return TRUE;
  key = make_key (source, &seeded, error);
  if (key == NULL)
    return FALSE;
  source->template = vq_template_store_find (store, key);
  if (source->template != NULL && vq_plan_add_cloud_seed (source->plan))
    {
      vq_template_key_free (source->key);
      source->key = g_steal_pointer (&key);
    }
  return TRUE;
}

/* Looks for a template that we or other processes have saved. Fails if that is impossible. */
static gboolean
find_saved (VqGuestSource *source, VqTemplateStore *store, GError **error)
{
  if (source->templates == VQ_TEMPLATE_REFRESH)
    return TRUE;
  source->template = vq_template_store_find (store, source->key);
  return source->template != NULL || find_seeded (source, store, error);
}

/* Without room on the disk, the memory file cannot grow, and QEMU would be killed during the
 * boot. */
static gboolean
check_room (VqGuestSource *source, VqTemplateBuild *build, GError **error)
{
  guint64 mib = source->plan->options->ram_size_mib + VQ_TEMPLATE_SPARE_MIB;

  return vq_template_build_check_room (build, mib * 1024 * 1024, error);
}

/* Begins to build a template, or takes one that another process has made meanwhile. */
static gboolean
begin_template (VqGuestSource *source, VqTemplateStore *store, VqTemplateBuild **build,
                GError **error)
{
  VqTemplateWish wish
      = source->templates == VQ_TEMPLATE_REFRESH ? VQ_TEMPLATE_NEW : VQ_TEMPLATE_ANY;

  if (!vq_template_store_begin (store, source->key, wish, PATIENCE_SECONDS, source->cancel,
                                &source->template, build, error))
    return FALSE;
  if (source->template != NULL || check_room (source, *build, error))
    return TRUE;
  g_clear_pointer (build, vq_template_build_free);
  return FALSE;
}

/* Sets source->template, or *BUILD if the template must be made; *STORE must outlive *BUILD. Fails
 * if there can be no template. */
static gboolean
find_template (VqGuestSource *source, VqTemplateStore **store, VqTemplateBuild **build,
               GError **error)
{
  g_clear_pointer (&source->key, vq_template_key_free);
  source->key = make_key (source, source->plan, error);
  if (source->key == NULL)
    return FALSE;
  *store = open_store (source->plan->options, error);
  if (*store == NULL || !find_saved (source, *store, error))
    return FALSE;
  if (source->template != NULL)
    return TRUE;
  g_debug ("no saved template is of this image, as it is now, and of these options");
  return begin_template (source, *store, build, error);
}

/* The guest that should become a template did not boot, because of WHY. If its memory file was the
 * cause, boots another guest without such a file. Takes over BUILD. */
static VqGuest *
boot_without_file (VqGuestSource *source, VqTemplateBuild *build, const GError *why,
                   VqGuestFacts *facts, VqBootStage *stage, GError **error)
{
  gboolean is_full = !vq_template_build_check_room (build, FULL_MIB * 1024 * 1024, NULL);
  VqGuest *guest;

  if (is_full)
    give_up_templates (source,
                       "the disk of %s has become full: give another directory with --template-dir",
                       vq_template_build_get_directory (build));
  vq_template_build_free (build);
  if (!is_full && !(*stage == VQ_BOOT_NO_QEMU && vq_error_is_machine (why)))
    {
      g_propagate_error (error, g_error_copy (why));
      return NULL;
    }
  guest = boot_testbed (source, facts, stage, error);
  if (guest != NULL && !is_full) /* so the file was the cause */
    give_up_templates (source, "its QEMU does not start with the memory in a file: %s",
                       why->message);
  return guest;
}

/* Saving GUEST failed. If it can go on, the caller gets this booted guest instead of a fork: its
 * files were removed with the build, but QEMU has them open. Otherwise boots another one. Takes
 * over GUEST. */
static VqGuest *
keep_or_boot (VqGuestSource *source, VqGuest *guest, VqGuestFacts *facts, VqBootStage *stage,
              GError **error)
{
  g_autoptr (VqGuest) kept = guest;

  if (!vq_guest_go_on (guest, vq_deadline_in (STEP_SECONDS)))
    return boot_testbed (source, facts, stage, error);
  return vq_guest_facts_make (facts, guest, error) ? g_steal_pointer (&kept) : NULL;
}

/* Boots a guest, saves it as a template and forks that. Takes over BEGUN. */
static VqGuest *
build_template (VqGuestSource *source, VqTemplateBuild *begun, VqGuestFacts *facts,
                VqBootStage *stage, GError **error)
{
  g_autoptr (VqTemplateBuild) build = begun;
  g_autoptr (GError) why = NULL;
  g_autoptr (VqGuest) guest = boot (source, vq_template_build_get_directory (build), stage, &why);
  gboolean is_idle
      = guest != NULL && vq_boot_wait_idle (vq_guest_get_channel (guest), source->cancel, &why);

  if (is_idle)
    source->template = vq_guest_template_save (build, guest, facts, &why);
  if (source->template != NULL)
    {
      g_clear_pointer (&guest, vq_guest_free);
      guest = fork_template (source, facts, error);
      source->origin = "build";
      return g_steal_pointer (&guest);
    }
  if (is_over (source, error))
    return NULL;
  if (guest == NULL)
    return boot_without_file (source, g_steal_pointer (&build), why, facts, stage, error);
  if (is_idle)
    give_up_templates (source, "%s", why->message);
  else
    do_without_template (source, why->message);
  g_clear_pointer (&build, vq_template_build_free);
  return keep_or_boot (source, g_steal_pointer (&guest), facts, stage, error);
}

/* Asks the sources in order. Fails only if none is left. If a guest did not boot, *STAGE is set. */
static VqGuest *
try_sources (VqGuestSource *source, VqGuestFacts *facts, VqBootStage *stage, GError **error)
{
  g_autoptr (VqTemplateStore) store = NULL;
  g_autoptr (GError) why = NULL;
  VqTemplateBuild *build = NULL;

  if (source->template == NULL && source->templates != VQ_TEMPLATE_OFF
      && !find_template (source, &store, &build, &why))
    {
      if (is_over (source, error))
        return NULL;
      if (source->only_template)
        {
          g_propagate_error (error, g_steal_pointer (&why));
          return NULL;
        }
      do_without_template (source, why->message);
    }
  if (source->template != NULL)
    return fork_template (source, facts, error);
  if (build != NULL)
    return build_template (source, build, facts, stage, error);
  return boot_testbed (source, facts, stage, error);
}

/* The template could not be forked. The first time a new one is made; if that cannot be forked
 * either, templates are given up. */
static void
replace_template (VqGuestSource *source, const GError *why)
{
  vq_spare_drop (source->spare);
  g_clear_pointer (&source->sync, vq_template_sync_free);
  g_clear_pointer (&source->template, vq_template_free);
  if (source->templates == VQ_TEMPLATE_REFRESH)
    {
      give_up_templates (source, "%s", why->message);
      return;
    }
  g_warning ("the template cannot be used, so another one is made: %s", why->message);
  source->templates = VQ_TEMPLATE_REFRESH;
}

/* Whether WHY is that the host has too little of something now, or a limit of the user. A boot
 * needs more of it than a fork. */
static gboolean
is_short (const GError *why)
{
  return vq_error_get_code (why) == VQ_ERROR_NO_ROOM || vq_error_is_errno (why, EFBIG);
}

/* The template could not be forked because of WHY. It is not to blame for what this host lacks,
 * nor perhaps for a single error of a disk. */
static gboolean
find_remedy_for_fork (VqGuestSource *source, const GError *why)
{
  if (vq_error_is_of_host (why) && !source->tried_again)
    {
      source->tried_again = TRUE;
      g_debug ("the template is tried again: %s", why->message);
      return TRUE;
    }
  if (is_short (why))
    return FALSE;
  replace_template (source, why);
  return TRUE;
}

/* All sources have failed because of WHY. Changes something that may help. Returns FALSE if there
 * is nothing. */
static gboolean
find_remedy (VqGuestSource *source, VqBootStage stage, const GError *why)
{
  if (source->template != NULL)
    return find_remedy_for_fork (source, why);
  if (vq_error_is_locked (why) && vq_plan_add_cloud_seed (source->plan))
    {
      g_message ("the guest is up, but lets nobody in: trying again with a cloud-init seed");
      return TRUE;
    }
  if (stage == VQ_BOOT_NO_QEMU && vq_plan_give_up_sandbox (source->plan, why->message))
    return TRUE;
  return stage != VQ_BOOT_SPOKE && vq_error_is_machine (why)
         && vq_plan_give_up_kvm (source->plan, why->message);
}

/* Sets *ERROR to WHY. But if a seed did not help, LOCKED, the error before that, tells more. */
static void
tell_failure (const GError *why, const GError *locked, GError **error)
{
  if (locked == NULL)
    {
      g_propagate_error (error, g_error_copy (why));
      return;
    }
  g_debug ("with the seed: %s", why->message);
  g_propagate_prefixed_error (error, g_error_copy (locked), "a cloud-init seed did not help: ");
}

/* Gets a guest from SOURCES, with remedies as long as there are any. */
static VqGuest *
get (VqGuestSource *source,
     VqGuest *(*sources) (VqGuestSource *, VqGuestFacts *, VqBootStage *, GError **),
     VqGuestFacts *facts, GError **error)
{
  g_autoptr (GError) locked = NULL;

  source->tried_again = FALSE;
  for (;;)
    {
      g_autoptr (GError) why = NULL;
      VqBootStage stage = VQ_BOOT_SPOKE;
      VqGuest *guest = sources (source, facts, &stage, &why);

      if (guest != NULL || is_over (source, error))
        return guest;
      if (!find_remedy (source, stage, why))
        {
          tell_failure (why, locked, error);
          return NULL;
        }
      if (vq_error_is_locked (why))
        locked = g_steal_pointer (&why);
    }
}

VqGuest *
vq_guest_source_get (VqGuestSource *source, VqGuestFacts *facts, GError **error)
{
  VqGuest *guest = get (source, try_sources, facts, error);

  if (guest != NULL && source->template != NULL && source->sync == NULL)
    source->sync = vq_template_sync_new (source->template, SYNC_AFTER);
  return guest;
}

void
vq_guest_source_make_spare (VqGuestSource *source, int caller)
{
  if (source->template != NULL)
    vq_spare_make (source->spare, source->template, caller);
}

gboolean
vq_guest_source_has_spare (VqGuestSource *source)
{
  return vq_spare_is_there (source->spare);
}

void
vq_guest_source_drop_spare (VqGuestSource *source)
{
  vq_spare_drop (source->spare);
}

static gboolean
try_once (VqGuestSource *source, GError **error)
{
  VqGuestFacts facts = { NULL, NULL };
  g_autoptr (VqGuest) guest = vq_guest_source_get (source, &facts, error);

  vq_guest_facts_clear (&facts);
  return guest != NULL;
}

/* Only then does the template outlive the next reboot of the host. */
static void
wait_until_synced (VqGuestSource *source)
{
  g_autoptr (GError) error = NULL;

  if (!vq_template_sync_wait (source->sync, vq_deadline_in (SYNC_SECONDS), source->cancel, &error))
    g_warning ("the template may not outlive a reboot of the host: %s", error->message);
}

char *
vq_guest_source_make_template (VqGuestSource *source, GError **error)
{
  source->only_template = TRUE;
  if (!try_once (source, error))
    return NULL;
  if (source->template != NULL)
    {
      wait_until_synced (source);
      return g_path_get_basename (vq_template_get_directory (source->template));
    }
  vq_error_set (error, VQ_ERROR_FAILED, "there can be none: %s",
                source->trouble != NULL ? source->trouble : "no reason is known");
  return NULL;
}

VqGuest *
vq_guest_source_get_kept (VqGuestSource *source, VqGuestFacts *facts, GError **error)
{
  return get (source, boot_kept, facts, error);
}

VqGuest *
vq_guest_source_get_plain (VqGuestSource *source, GError **error)
{
  return get (source, boot_plain, NULL, error);
}

VqGuest *
vq_guest_source_receive (VqGuestSource *source, const char *directory, VqLiveMigrationAsk ask,
                         gpointer data, VqGuestFacts *facts, GError **error)
{
  g_autoptr (VqGuest) guest = vq_guest_receive (
      source->plan, directory, ask, data, vq_deadline_in (RECEIVE_SECONDS), source->cancel, error);

  if (guest == NULL || !vq_guest_facts_make (facts, guest, error))
    return NULL;
  return g_steal_pointer (&guest);
}
