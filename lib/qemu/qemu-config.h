// SPDX-License-Identifier: GPL-2.0-or-later
/* Builds QEMU's command line from the options. Starts nothing. */
#pragma once

#include <glib.h>

#include "plan/arch.h"
#include "plan/firmware.h"
#include "plan/options.h"

/* The parts of one testbed's QEMU. All pointers belong to the caller. */
typedef struct
{
  const VqOptions *options;
  const VqArch *arch;
  const char *qemu_command;       /* the program: a path, or a name on PATH */
  gboolean kvm;                   /* FALSE: TCG */
  const VqFirmware *firmware;     /* NULL: QEMU loads the machine's own */
  const char *directory;          /* for the sockets and the firmware's variables */
  const char *overlay;            /* a qcow2 overlay on the first image */
  const char *const *more_images; /* path, format, path, format, ..., NULL: read-only disks */
  const char *seed;               /* a raw image that becomes the last read-only disk; NULL: none */
  const char *ram_path;           /* the file that holds the guest's memory; NULL: none */
  gboolean ram_shared;            /* the guest's writes go into that file, to make a template */
  gboolean ram_readonly;          /* if not shared, it is opened for reading only; not every QEMU
                                   * can do that: see vq_qemu_can_read_ram */
  gboolean incoming;              /* starts without a state and waits for vq_qemu_load */
  int qmp_fd;                     /* QEMU's end of our monitor's socket pair */
  int console_fd;                 /* gets a copy of the console's output */
} VqQemuConfig;

/* The name of the file with the firmware's variables in the directory. */
#define VQ_QEMU_CONFIG_EFI_VARS "efivars.fd"
/* QEMU's id of the guest's network. */
#define VQ_QEMU_CONFIG_NETDEV "net0"

/* The argument vector, which ends with NULL. It makes the machine start stopped (-S). Transfer
 * full. */
char **vq_qemu_config_build_argv (const VqQemuConfig *config);

/* Why a machine with these options cannot become a template, as a phrase ("--qemu-options lay out
 * ..."), or NULL if no reason is known. There may still be one: some devices make QEMU fail only
 * when it saves the machine. Static. */
const char *vq_qemu_config_no_template_reason (const VqOptions *options);
