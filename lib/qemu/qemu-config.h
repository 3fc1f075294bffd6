// SPDX-License-Identifier: GPL-2.0-or-later
/* From options to a QEMU command line. Nothing here starts anything. */
#pragma once

#include <glib.h>

#include "plan/arch.h"
#include "plan/firmware.h"
#include "plan/options.h"

/* What one testbed's QEMU is made of. All pointers are the caller's. */
typedef struct
{
  const VqOptions *options;
  const VqArch *arch;
  const char *qemu_command;       /* what is run: a path, or a name on PATH */
  gboolean kvm;                   /* else TCG */
  const VqFirmware *firmware;     /* NULL: none to load, the machine has its own */
  const char *directory;          /* where the sockets and the firmware's variables are */
  const char *overlay;            /* qcow2 on top of the first image */
  const char *const *more_images; /* path, format, path, format, ..., NULL: read-only disks */
  const char *seed;               /* a raw image, the last read-only disk; NULL: none */
  const char *ram_path;           /* the file of the guest's memory, NULL: none */
  gboolean ram_shared;            /* the guest's writes go into it: a template is made */
  gboolean ram_readonly;          /* if not shared, it is opened for reading only; not every QEMU
                                   * can do that: see vq_qemu_can_read_ram */
  gboolean incoming;              /* starts without a state, for vq_qemu_load */
  int qmp_fd;                     /* QEMU's end of our monitor's socket pair */
  int console_fd;                 /* gets a copy of what the console port says */
} VqQemuConfig;

/* The file in the directory that holds the firmware's variables. */
#define VQ_QEMU_CONFIG_EFI_VARS "efivars.fd"
/* QEMU's name for the guest's network. */
#define VQ_QEMU_CONFIG_NETDEV "net0"

/* The argument vector, NULL-terminated. The machine is to start stopped (-S). Transfer full. */
char **vq_qemu_config_build_argv (const VqQemuConfig *config);

/* Why a machine with these options can be no template, as a phrase ("--qemu-options lay out ..."),
 * or NULL if nothing is known against it: some devices only QEMU itself knows to be in the way,
 * when it saves. Static. */
const char *vq_qemu_config_no_template_reason (const VqOptions *options);
