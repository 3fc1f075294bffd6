// SPDX-License-Identifier: GPL-2.0-or-later
#include "qemu/boot-watch.h"

#include "base/error.h"
#include "base/wait.h"

/* The end of a helper is reported two seconds late (guest-link). */
#define END_SECONDS 3

static const char *const ends[] = {
  [VQ_BOOT_END_RESET] = "the guest was reset",
  [VQ_BOOT_END_PANIC] = "the guest's kernel panicked",
  [VQ_BOOT_END_HELPER] = "the guest helper ended",
};

struct _VqBootWatch
{
  VqCancel *machine; /* not owned */
  VqCancel *boot;    /* owned */
  gboolean expected;
  gboolean reset;
  guint n_ends;
  VqBootEnd last; /* if there was one */
};

VqBootWatch *
vq_boot_watch_new (VqCancel *machine)
{
  VqBootWatch *watch = g_new0 (VqBootWatch, 1);

  watch->machine = machine;
  watch->boot = vq_cancel_new (machine);
  watch->expected = TRUE;
  return watch;
}

void
vq_boot_watch_free (VqBootWatch *watch)
{
  if (watch == NULL)
    return;
  vq_cancel_free (watch->boot);
  g_free (watch);
}

void
vq_boot_watch_expect (VqBootWatch *watch, gboolean expected)
{
  watch->expected = expected;
  if (!expected)
    return;
  watch->reset = FALSE;
  watch->n_ends = 0;
}

VqCancel *
vq_boot_watch_get_cancel (VqBootWatch *watch)
{
  return watch->boot;
}

VqCancel *
vq_boot_watch_begin (VqBootWatch *watch)
{
  vq_cancel_free (watch->boot);
  watch->boot = vq_cancel_new (watch->machine);
  return watch->boot;
}

gboolean
vq_boot_watch_end (VqBootWatch *watch, VqBootEnd end)
{
  g_autoptr (GError) reason = NULL;

  if (!watch->expected)
    return FALSE;
  g_debug ("%s", ends[end]);
  watch->reset |= end == VQ_BOOT_END_RESET;
  watch->n_ends++;
  watch->last = end;
  vq_error_set (&reason, VQ_ERROR_FAILED, "%s", ends[end]);
  vq_cancel_trigger (watch->boot, reason);
  return TRUE;
}

static gboolean
has_ended (gpointer data)
{
  return vq_cancel_reason (((VqBootWatch *)data)->boot) != NULL;
}

gboolean
vq_boot_watch_wait_end (VqBootWatch *watch)
{
  return vq_wait_until (has_ended, watch, vq_deadline_in (END_SECONDS), watch->machine, "end", NULL)
         && vq_cancel_reason (watch->machine) == NULL;
}

guint
vq_boot_watch_count_ends (VqBootWatch *watch)
{
  return watch->n_ends;
}

gboolean
vq_boot_watch_was_reset (VqBootWatch *watch)
{
  return watch->reset;
}

gboolean
vq_boot_watch_has_panicked (VqBootWatch *watch)
{
  return watch->n_ends > 0 && watch->last == VQ_BOOT_END_PANIC;
}

const char *
vq_boot_watch_describe (VqBootWatch *watch)
{
  return watch->n_ends > 0 ? ends[watch->last] : "nothing";
}
