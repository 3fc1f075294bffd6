// SPDX-License-Identifier: GPL-2.0-or-later
/* Provides the guests of a testbed. With templates, each guest is a fork of a template: one that an
 * earlier run has saved, or one that is made now by booting, preparing and saving a guest. If that
 * is impossible, the user is told once, and each guest is booted and prepared. In both cases the
 * guest is ready for the caller's first command. */
#pragma once

#include <glib.h>

#include "testbed/guest-prepare.h"
#include "guest/guest.h"
#include "plan/plan.h"
#include "base/wait.h"
#include "testbed/guest-facts.h"

typedef struct _VqGuestSource VqGuestSource;

/* PLAN and CANCEL must outlive the result. */
VqGuestSource *vq_guest_source_new (VqPlan *plan, VqCancel *cancel);

/* Guests from this source may still exist, but the files of their template may be removed by other
 * processes from now on. */
void vq_guest_source_free (VqGuestSource *source);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqGuestSource, vq_guest_source_free)

/* Returns a guest and fills in FACTS. If FACTS has the scratch directory of an earlier guest, the
 * new guest's gets the same path, because built source trees contain absolute paths. Waits for a
 * fork, or for a boot and everything that is done before a template is saved. */
VqGuest *vq_guest_source_get (VqGuestSource *source, VqGuestFacts *facts, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Prepares the fork that vq_guest_source_get will return, if the guests are forks. See
 * vq_spare_make. */
void vq_guest_source_make_spare (VqGuestSource *source, int caller);

/* Whether there is one, so that vq_guest_source_get does not make another machine. */
gboolean vq_guest_source_has_spare (VqGuestSource *source);

/* Ends it. */
void vq_guest_source_drop_spare (VqGuestSource *source);

/* Boots the guest from the plan's image and prepares nothing in it; no template is looked for. For
 * a guest whose disk becomes an image. */
VqGuest *vq_guest_source_get_plain (VqGuestSource *source, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Makes the template, unless there is one, and forks it once to see that it can be used. Waits
 * as vq_guest_source_get does, and then until all of it is on the disk (for ten minutes at most;
 * if that fails, a warning says so). Returns its name (transfer full). */
char *vq_guest_source_make_template (VqGuestSource *source, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Where the last guest came from: "fork" of a template that was there; "spare": such a fork that
 * was made before; "build": of one that was
 * made for it; "boot". NULL if there was none. */
const char *vq_guest_source_get_origin (VqGuestSource *source);

/* The same as vq_guest_source_get, but boots the guest again from the disk that an earlier one has
 * left in the plan's disk_dir. */
VqGuest *vq_guest_source_get_kept (VqGuestSource *source, VqGuestFacts *facts, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The same, but in the state of a guest that runs; see vq_guest_receive. */
VqGuest *vq_guest_source_receive (VqGuestSource *source, const char *directory,
                                  VqLiveMigrationAsk ask, gpointer data, VqGuestFacts *facts,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
