// SPDX-License-Identifier: GPL-2.0-or-later
/* Watches how the systems in a machine follow each other. A system ends when the machine is reset,
 * when its kernel panics, or when the helper in it ends, which is all that can be seen of a
 * kexec or of systemd's soft-reboot. While another boot is expected, such an end is no failure: it
 * ends only the waits for the system that has gone. */
#pragma once

#include <glib.h>

#include "base/cancel.h"

typedef struct _VqBootWatch VqBootWatch;

typedef enum
{
  VQ_BOOT_END_RESET,
  VQ_BOOT_END_PANIC,
  VQ_BOOT_END_HELPER,
} VqBootEnd;

/* Expects a boot. MACHINE is the parent of the boots' cancels, and must outlive the result. */
VqBootWatch *vq_boot_watch_new (VqCancel *machine);
void vq_boot_watch_free (VqBootWatch *watch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqBootWatch, vq_boot_watch_free)

/* Says whether the present system may end, and another one follow. With TRUE, ends before that are
 * forgotten. */
void vq_boot_watch_expect (VqBootWatch *watch, gboolean expected);

/* To be given to waits for the present system. It is triggered when that system ends, and is valid
 * until vq_boot_watch_begin. */
VqCancel *vq_boot_watch_get_cancel (VqBootWatch *watch);

/* The old system has ended, or nobody waits for it any more: makes a new cancel. */
VqCancel *vq_boot_watch_begin (VqBootWatch *watch);

/* Reports that the present system has ended. FALSE: nobody expects that, so nothing was done. */
gboolean vq_boot_watch_end (VqBootWatch *watch, VqBootEnd end) G_GNUC_WARN_UNUSED_RESULT;

/* Whether the present system has ended. Waits for that for some seconds, or until the machine
 * fails: a system that goes down kills its commands before it ends. */
gboolean vq_boot_watch_wait_end (VqBootWatch *watch) G_GNUC_WARN_UNUSED_RESULT;

/* What has ended since a boot was last expected: how many systems; whether the machine was reset,
 * so that the system from before is certainly gone; whether the last system panicked; and the last
 * end in words, "nothing" if there was none. */
guint vq_boot_watch_count_ends (VqBootWatch *watch);
gboolean vq_boot_watch_was_reset (VqBootWatch *watch);
gboolean vq_boot_watch_has_panicked (VqBootWatch *watch);
const char *vq_boot_watch_describe (VqBootWatch *watch);
