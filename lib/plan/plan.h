// SPDX-License-Identifier: GPL-2.0-or-later
/* What is decided once, before the first testbed: architecture, QEMU, images, firmware, KVM or TCG.
 * A mistake in the command line, or something that is not installed, is found here. */
#pragma once

#include <glib.h>

#include "plan/arch.h"
#include "plan/firmware.h"
#include "plan/hotplug-bus.h"
#include "image/image.h"
#include "plan/options.h"
#include "base/wait.h"

typedef struct
{
  const VqOptions *options; /* the caller's */
  const VqArch *arch;
  char *qemu_command;          /* the absolute path */
  VqImage *image;              /* what boots */
  GPtrArray *more;             /* VqImage, the read-only disks */
  VqFirmware *firmware;        /* NULL: not EFI */
  const VqHotplugBus *hotplug; /* for the base image; NULL: it is not wanted */
  char *ssh_key;               /* the text of the user's private key; NULL: none is given */
  gboolean kvm;
  gboolean cloud_seed; /* the machine has a seed for cloud-init, which lets us in over ssh */
  int boot_timeout;    /* seconds that a boot or a reboot may take */
} VqPlan;

/* Looks at everything; OPTIONS must outlive the result. Waits for qemu-img and for the probe of
 * KVM (some seconds at most). Warns once if KVM cannot be used. */
VqPlan *vq_plan_new (const VqOptions *options, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
void vq_plan_free (VqPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqPlan, vq_plan_free)

/* The guest is up but lets nobody in: from now on it has a cloud seed. FALSE if it had one, or if
 * the options name a way in, or forbid this one. */
gboolean vq_plan_add_cloud_seed (VqPlan *plan);

/* KVM turned out not to work: from now on TCG, with a warning that tells WHY. FALSE when the user
 * wants KVM, or when it is not used anyway. */
gboolean vq_plan_give_up_kvm (VqPlan *plan, const char *why);
