// SPDX-License-Identifier: GPL-2.0-or-later
/* What is decided before the first testbed: architecture, QEMU, images, firmware, KVM or TCG.
 * Mistakes in the command line and packages that are not installed are found here. Three decisions
 * may change when a guest does not boot, by the functions at the end. Only guest-source calls
 * those: everybody else has a const plan. */
#pragma once

#include <glib.h>

#include "disk/disk.h"
#include "plan/arch.h"
#include "plan/firmware.h"
#include "plan/hotplug-bus.h"
#include "image/image.h"
#include "plan/options.h"
#include "seed/seed.h"
#include "slot/slot.h"
#include "base/wait.h"

typedef struct
{
  const VqOptions *options; /* the caller's */
  const VqArch *arch;
  char *qemu_command;          /* the absolute path */
  VqImage *image;              /* what boots */
  GPtrArray *more;             /* VqImage, the read-only disks */
  GPtrArray *disks;            /* VqDisk, those of --disk that are there from the start */
  GPtrArray *late_disks;       /* VqDisk, those that are plugged in when the guest runs */
  VqFirmware *firmware;        /* NULL: not EFI */
  const VqHotplugBus *hotplug; /* where to plug in disks while the guest runs; NULL: none are */
  char *display;               /* the graphics card, as for -device; NULL: none of ours */
  gboolean machine_new;        /* this QEMU knows arch->machine_new */
  gboolean cpu_new;            /* this QEMU knows arch->cpu_new */
  VqSeed *seed;                /* what the user wants cloud-init to do; NULL: nothing */
  char *ssh_key;               /* the text of the user's private key; NULL if none is given */
  gboolean kvm;
  gboolean sandbox;    /* QEMU starts in its sandbox */
  gboolean cloud_seed; /* the machine gets a seed for cloud-init, which lets us in over ssh */
  int boot_timeout;    /* seconds that a boot or a reboot may take */
  char *disk_dir;      /* where the machine's disk stays when it ends; NULL: it is removed */
  const VqSlot *slot;  /* QEMU gets a copy of its descriptor; NULL: there is none */
  char *machine_id;    /* what a new guest gets, with the host key; NULL: it keeps the image's */
  char *host_key;      /* the path of that key, which is for ssh */
} VqPlan;

/* Makes all decisions. OPTIONS must outlive the result. Waits for qemu-img and for the probe of KVM
 * (some seconds at most), and before that as long as an image comes or is built. Warns
 * once if KVM cannot be used. With --debug, debug messages are shown from now on. */
VqPlan *vq_plan_new (const VqOptions *options, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
void vq_plan_free (VqPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqPlan, vq_plan_free)

/* From now on the disk of a machine, and the variables of its firmware, are kept in DIRECTORY. */
void vq_plan_keep_disk (VqPlan *plan, const char *directory);

/* From now on each QEMU gets a copy of the descriptor of SLOT, which so is free only when the
 * machine has ended, too. NULL: there is none. SLOT stays the caller's. */
void vq_plan_set_slot (VqPlan *plan, const VqSlot *slot);

/* From now on each new guest gets MACHINE_ID, see machine-id(5), and, if it has such keys, the host
 * key for ssh in the file HOST_KEY, whose public half is in HOST_KEY.pub. */
void vq_plan_set_identity (VqPlan *plan, const char *machine_id, const char *host_key);

/* To be called when the guest has booted but no way into it opens: from now on the machine gets a
 * cloud seed. Returns FALSE if it has one already, or if the options name a way in. */
gboolean vq_plan_add_cloud_seed (VqPlan *plan);

/* To be called when KVM turns out not to work: from now on TCG is used, after a warning that says
 * WHY. Returns FALSE if the user insists on KVM, or if KVM is not used anyway. */
gboolean vq_plan_give_up_kvm (VqPlan *plan, const char *why);

/* To be called when QEMU did not start: if WHY, its error, is about its sandbox, from now on it
 * gets none, after a warning. Returns FALSE if that is not the reason, or if the user insists on
 * it. */
gboolean vq_plan_give_up_sandbox (VqPlan *plan, const char *why);
