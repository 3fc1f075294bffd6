// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/get-in.h"

#include "base/error.h"
#include "guest/boot-wait.h"
#include "guest/cloud-init.h"
#include "guest/guest-script.h"

/* So many systems may end before one has booted: that is more than three reboots. */
#define ENDS_MAX 8

/* How many times longer than a boot a guest may take to go down, as long as it gives signs of life:
 * it may write a dump of its memory. */
#define LONG_WAY_DOWN 5

/* How many seconds a guest that has panicked gets to reboot. */
#define PANIC_SECONDS 60

static const char identity_script[] =
#include "guest/boot-identity.sh.inc"
    ;

typedef struct
{
  VqGuestLink *link;
  VqQemu *qemu;
  VqBootWatch *boots;
  VqCloudInitTask task;
  const char *boot; /* the boot before; NULL: there was none */
  gint64 seconds;   /* that a boot may take */
  gint64 start;     /* of the way down */
} Entry;

static gboolean
identify (VqGuestLink *link, VqBootWatch *boots, char **boot, gint64 deadline, GError **error)
{
  return vq_guest_script_run (vq_guest_link_get_channel (link), identity_script, NULL, boot,
                              deadline, vq_boot_watch_get_cancel (boots),
                              "cannot read the guest's boot id", error);
}

static gboolean
is_another_boot (Entry *entry, gint64 deadline, GError **error)
{
  g_autofree char *boot = NULL;

  if (entry->boot == NULL)
    return TRUE;
  if (!identify (entry->link, entry->boots, &boot, deadline, error))
    return FALSE;
  return !g_str_equal (boot, entry->boot)
         || vq_error_set (error, VQ_ERROR_FAILED, "the guest has not rebooted");
}

/* cloud-init is a part of systemd's boot, but may take far longer than the rest, so it is waited
 * for first, and knows best what it waits for. */
static gboolean
wait_booted (Entry *entry, gint64 deadline, VqCancel *cancel, GError **error)
{
  VqChannel *channel = vq_guest_link_get_channel (entry->link);

  return (entry->task == VQ_CLOUD_INIT_NOTHING
          || vq_cloud_init_wait (channel, entry->task, deadline, cancel, error))
         && vq_boot_wait_system (channel, deadline, cancel, error);
}

/* Tries to get into the system that runs now. */
static gboolean
try (Entry *entry, gint64 deadline, GError **error)
{
  VqCancel *cancel = vq_boot_watch_begin (entry->boots);

  return vq_guest_link_open (entry->link, deadline, error)
         && is_another_boot (entry, deadline, error)
         && wait_booted (entry, deadline, cancel, error);
}

/* Whether the system from before the reboot may still be there. */
static gboolean
is_way_down (Entry *entry)
{
  return entry->boot != NULL && !vq_boot_watch_was_reset (entry->boots);
}

/* Only on the way down each sign of life counts, because a guest that cannot boot may say so
 * forever. */
static gint64
next_deadline (Entry *entry)
{
  gint64 seconds = vq_boot_watch_has_panicked (entry->boots) ? MIN (PANIC_SECONDS, entry->seconds)
                                                             : entry->seconds;

  if (!is_way_down (entry))
    return vq_deadline_in (seconds);
  return MIN (entry->start + entry->seconds * LONG_WAY_DOWN * G_USEC_PER_SEC,
              MAX (entry->start, vq_qemu_get_last_sign (entry->qemu)) + seconds * G_USEC_PER_SEC);
}

static char *
last_lines (VqQemu *qemu)
{
  return vq_console_last_lines (vq_qemu_get_console (qemu), 3);
}

/* Always returns FALSE, with *ERROR: WHY it is of no use to go on, and what was seen last. */
static gboolean
give_up (Entry *entry, const GError *why, GError **error)
{
  guint n = vq_boot_watch_count_ends (entry->boots);
  const char *seen = vq_boot_watch_describe (entry->boots);
  g_autofree char *console = last_lines (entry->qemu);

  if (vq_cancel_reason (vq_qemu_get_cancel (entry->qemu)) != NULL
      || (n == 0 && entry->boot == NULL))
    g_propagate_error (error, g_error_copy (why));
  else if (n >= ENDS_MAX)
    vq_error_set (error, VQ_ERROR_FAILED,
                  "the guest rebooted again and again, %u times (seen last: %s; console: %s)", n,
                  seen, console);
  else
    vq_error_set (error, why->code, "%s (seen last of a reboot: %s)", why->message, seen);
  return FALSE;
}

/* An attempt has failed: whether another one makes sense, because the system has ended, or because
 * it may have been the old one. Waits for its end if that may come soon. */
static gboolean
may_try_again (Entry *entry)
{
  gboolean may_end = is_way_down (entry) || vq_guest_link_get_channel (entry->link) != NULL;

  if (may_end ? vq_boot_watch_wait_end (entry->boots)
              : vq_cancel_reason (vq_boot_watch_get_cancel (entry->boots)) != NULL)
    return TRUE;
  return is_way_down (entry) && !vq_boot_watch_has_panicked (entry->boots)
         && vq_deadline_left (next_deadline (entry)) > 0;
}

static gboolean
get_in (Entry *entry, gint64 deadline, GError **error)
{
  for (;;)
    {
      g_autoptr (GError) why = NULL;

      if (try (entry, deadline, &why))
        {
          vq_boot_watch_expect (entry->boots, FALSE);
          return TRUE;
        }
      if (vq_cancel_reason (vq_qemu_get_cancel (entry->qemu)) != NULL
          || vq_boot_watch_count_ends (entry->boots) >= ENDS_MAX || !may_try_again (entry))
        return give_up (entry, why, error);
      g_debug ("trying to get into the guest again: %s", why->message);
      deadline = next_deadline (entry);
    }
}

gboolean
vq_get_in (VqGuestLink *link, VqQemu *qemu, VqCloudInitTask task, int seconds, gint64 deadline,
           GError **error)
{
  Entry entry = { link, qemu, vq_qemu_get_boots (qemu), task, NULL, seconds, 0 };

  return get_in (&entry, deadline, error);
}

gboolean
vq_get_in_prepare (VqGuestLink *link, VqQemu *qemu, char **boot, gint64 deadline, GError **error)
{
  VqBootWatch *boots = vq_qemu_get_boots (qemu);

  vq_boot_watch_expect (boots, TRUE);
  return identify (link, boots, boot, deadline, error);
}

static gboolean
is_going_down (gpointer entry)
{
  return vq_boot_watch_count_ends (((Entry *)entry)->boots) > 0;
}

/* Waits until the system ends, as long as there are signs of life. */
static gboolean
wait_down (Entry *entry, GError **error)
{
  VqCancel *cancel = vq_qemu_get_cancel (entry->qemu);
  g_autofree char *console = NULL;
  gint64 deadline;

  do
    {
      deadline = next_deadline (entry);
      if (vq_wait_until (is_going_down, entry, deadline, cancel, "end", NULL))
        return TRUE;
    }
  while (vq_cancel_reason (cancel) == NULL && next_deadline (entry) > deadline);
  if (vq_cancel_reason (cancel) != NULL)
    g_propagate_error (error, g_error_copy (vq_cancel_reason (cancel)));
  else
    vq_error_set (error, VQ_ERROR_TIMEOUT, "the guest does not go down (console: %s)",
                  console = last_lines (entry->qemu));
  return FALSE;
}

/* Only a helper, which ends with its system, tells when to begin; without one there is nothing that
 * could be disturbed in the old system. */
gboolean
vq_get_in_again (VqGuestLink *link, VqQemu *qemu, const char *boot, int seconds, GError **error)
{
  Entry entry
      = { link, qemu, vq_qemu_get_boots (qemu), FALSE, boot, seconds, g_get_monotonic_time () };
  g_autoptr (GError) why = NULL;

  if (!vq_guest_link_has_helper (link) || wait_down (&entry, &why))
    return get_in (&entry, next_deadline (&entry), error);
  return give_up (&entry, why, error);
}
