// SPDX-License-Identifier: GPL-2.0-or-later
/* From options to a QEMU command line. Nothing here starts anything. */
#pragma once

#include <glib.h>

#include "arch.h"
#include "firmware.h"
#include "options.h"

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
  int qmp_fd;                     /* QEMU's end of our monitor's socket pair */
  int console_fd;                 /* gets a copy of what the console port says */
} VqMachine;

/* The file in the directory that holds the firmware's variables. */
#define VQ_MACHINE_EFI_VARS "efivars.fd"
/* The sockets that are there on every architecture, and QEMU's names for what we talk to. */
#define VQ_MACHINE_AGENT_SOCKET "qga"
#define VQ_MACHINE_AGENT_PORT "agent0"
#define VQ_MACHINE_NETDEV "net0"

/* The argument vector, NULL-terminated. The machine is to start stopped (-S). Transfer full. */
char **vq_machine_build_argv (const VqMachine *machine);

/* The -cpu to use, or NULL for QEMU's default: from the table, and with nested virtualisation
 * where the host's KVM has it. */
const char *vq_machine_choose_cpu (const VqArch *arch, gboolean kvm);

/* TEXT as a value inside a QEMU option list: commas doubled. Transfer full. */
char *vq_machine_quote (const char *text);
