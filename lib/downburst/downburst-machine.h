// SPDX-License-Identifier: GPL-2.0-or-later
/* Says in virt-qemu's words what machine a caller of downburst wants. */
#pragma once

#include "downburst/downburst-meta.h"

typedef struct
{
  const char *name;
  const char *image;      /* virt-qemu's name for it */
  const char *arch;       /* as dpkg names it; NULL: the image's name tells it */
  const char *hypervisor; /* kvm or qemu; NULL: what works */
  const VqDownburstMeta *meta;
  GBytes *user;     /* the user-data; NULL: none */
  GBytes *host_key; /* the private one for ssh; NULL: a new one */
} VqDownburstMachine;

/* The arguments of virt-qemu that make MACHINE (transfer full). The files that they name are added
 * to FILES (GBytes; see downburst-host.h). VQ_ERROR_USAGE if virt-qemu cannot make such a one. */
char **vq_downburst_machine_build (const VqDownburstMachine *machine, GPtrArray *files,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* WORDS, which vq_downburst_machine_build has returned, for the image that is now known: the file
 * PATH, or (NULL) the one that virt-qemu has by that name. Transfer full. */
char **vq_downburst_machine_set_image (const VqDownburstMachine *machine, const char *const *words,
                                       const char *path);
