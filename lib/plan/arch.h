// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of architectures: what to tell QEMU for each. */
#pragma once

#include <glib.h>

#include "plan/options.h"

typedef struct
{
  const char *dpkg;        /* dpkg's name: "amd64" */
  const char *qemu;        /* QEMU's name, as in qemu-system-NAME: "x86_64" */
  const char *firmware;    /* the QEMU's name of the architecture with its EFI; NULL: the same */
  const char *package;     /* Debian package of qemu-system-NAME */
  const char *machine;     /* -machine, NULL: QEMU's default */
  const char *machine_efi; /* -machine with EFI; NULL: the same */
  const char *machine_kvm; /* -machine under KVM; NULL: the same */
  const char *machine_new; /* properties to add to -machine where QEMU knows them, or NULL */
  const char *display;     /* the graphics card of --display=auto, where QEMU has it, or NULL */
  const char *cpu_tcg;     /* -cpu under TCG, NULL: QEMU's default */
  const char *cpu_new;     /* -cpu under TCG where QEMU knows it, or NULL */
  const char *cpu_kvm;     /* -cpu under KVM, NULL: QEMU's default */
  VqBoot boot;             /* what --boot=auto means; VQ_BOOT_AUTO: the image decides */
  const char *virtio;      /* suffix of virtio devices: "pci" or "ccw" */
  const char *serial[2];   /* socket names of -serial ports; the first one is the console */
  const char *kernel;      /* uname -m of its kernels, if KERNEL_ELSE is set */
  const char *kernel_else; /* the dpkg name of an architecture whose kernels it runs too, or NULL */
  gboolean vmgenid;        /* whether it has a vmgenid device */
  gboolean smbios;         /* the user of QEMU can say what is in its SMBIOS tables */
  const char *kvm_hosts;   /* uname -m of hosts whose KVM can run it, each between blanks */
} VqArch;

/* The entry with this name, or NULL. */
const VqArch *vq_arch_find_dpkg (const char *name);
const VqArch *vq_arch_find_qemu (const char *name);

/* The entry of the host, from uname. Never NULL: it is amd64 for a host that we do not know. */
const VqArch *vq_arch_find_host (void);

/* Picks the entry as autopkgtest-virt-qemu does, from the first that is given of
 * --qemu-architecture, --dpkg-architecture and the name of --qemu-command; otherwise it is the one
 * in the image's name (image/os-name.h), or the host's. Fails for an unknown name. */
const VqArch *vq_arch_choose (const VqOptions *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The entry to use for guests of ARCH if KVM works on a host whose uname -m is HOST, or NULL if
 * that cannot run them. Nearly always it is ARCH. */
const VqArch *vq_arch_find_kvm (const VqArch *arch, const char *host);

/* The same for this host. */
const VqArch *vq_arch_find_host_kvm (const VqArch *arch);

/* The name under which the EFI firmware for ARCH is looked for. */
const char *vq_arch_get_firmware (const VqArch *arch);
