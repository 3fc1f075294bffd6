// SPDX-License-Identifier: GPL-2.0-or-later
/* Wakes a guest that has suspended itself to memory (S3). While it sleeps no command in it goes on,
 * and nobody but us can press the button. An alarm of its own clock may still come, so the guest
 * gets some time. A guest that is only frozen ("freeze", s2idle) is not seen here, because its
 * machine goes on. */
#pragma once

#include <glib.h>

#include "qemu/qmp.h"

typedef struct _VqSleepWatch VqSleepWatch;

/* Wakes the guest after SECONDS of sleep, with a warning. QMP must outlive the result. */
VqSleepWatch *vq_sleep_watch_new (VqQmp *qmp, double seconds);
void vq_sleep_watch_free (VqSleepWatch *watch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqSleepWatch, vq_sleep_watch_free)

/* QEMU says that the guest sleeps (the event SUSPEND), or that it does not any more (WAKEUP, or
 * RESET). */
void vq_sleep_watch_begin (VqSleepWatch *watch);
void vq_sleep_watch_end (VqSleepWatch *watch);
