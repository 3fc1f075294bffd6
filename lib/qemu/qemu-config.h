// SPDX-License-Identifier: GPL-2.0-or-later
/* Builds QEMU's command line from the plan. Starts nothing. */
#pragma once

#include <glib.h>

#include "plan/plan.h"
#include "qemu/machine-disks.h"

/* One testbed's QEMU: the plan, and what differs from one run to the next. All pointers belong to
 * the caller. */
typedef struct
{
  const VqPlan *plan;
  const char *directory;     /* for the sockets */
  const char *efi_vars;      /* the file of the firmware's variables, if the plan has firmware */
  const char *overlay;       /* a qcow2 overlay on the first image, or on TEMPLATE_DISK */
  const char *template_disk; /* in a fork: the template's qcow2 overlay on the first image */
  const GPtrArray *disks;    /* VqMachineDisk, one for each of the plan's; NULL: fixed words */
  gboolean disk_stays;       /* when QEMU ends: what the guest has written must be in the overlay */
  const char *console_log;   /* a new file for what the guest writes to its console; NULL: none */
  const char *seed;      /* the raw image for cloud-init, if the plan says that there is one: a CD,
                          * or, if it only lets us in, the last read-only disk */
  const char *ram_path;  /* the file that holds the guest's memory; NULL: none */
  gboolean ram_shared;   /* the guest's writes go into that file, to make a template */
  gboolean ram_readonly; /* if not shared, it is opened for reading only; not every QEMU can do
                          * that: see vq_qemu_can_read_ram */
  gboolean incoming;     /* starts without a state and waits for vq_qemu_load */
  int qmp_fd;            /* QEMU's end of our monitor's socket pair */
  int console_fd;        /* gets a copy of the console's output */
  int screen_fd;         /* gets pictures of the screen; 0: none */
} VqQemuConfig;

/* Before all our names in QEMU's command line, because the user's --qemu-options are in the same
 * one, and every tutorial has a "net0" and a "disk0". */
#define VQ_QEMU_CONFIG_PREFIX "vq-"

/* QEMU's block node of the first image, which is never written. */
#define VQ_QEMU_CONFIG_IMAGE_NODE VQ_QEMU_CONFIG_PREFIX "image"

/* The name under which QEMU opens screen_fd. */
#define VQ_QEMU_CONFIG_SCREEN "/dev/fdset/2"

/* QEMU's id of the guest's network. */
#define VQ_QEMU_CONFIG_NETDEV VQ_QEMU_CONFIG_PREFIX "net0"

/* The argument vector, which ends with NULL. It makes the machine start stopped (-S). Transfer
 * full. */
char **vq_qemu_config_build_argv (const VqQemuConfig *config);

/* The argument vector for any machine of PLAN that could become a template, with fixed words for
 * everything that differs from one run to the next: two plans with the same vector give the same
 * machine. Transfer full. */
char **vq_qemu_config_build_model (const VqPlan *plan);

/* Fails if a machine with these options cannot become a template, with the reason as a phrase
 * ("--qemu-options lay out ..."). It may succeed and there is still a reason: some devices make
 * QEMU fail only when it saves the machine. */
gboolean vq_qemu_config_check_saving (const VqOptions *options, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
