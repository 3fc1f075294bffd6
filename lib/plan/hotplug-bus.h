// SPDX-License-Identifier: GPL-2.0-or-later
/* Where a machine takes a device while it runs: that depends on the type of machine. */
#pragma once

#include <glib.h>

#include "plan/arch.h"
#include "plan/options.h"

typedef struct
{
  const char *bus;  /* QEMU's name for it; NULL: QEMU finds it */
  const char *port; /* the -device that it is, to be there from the start; NULL: none is needed */
} VqHotplugBus;

/* The one of ARCH's machine (EFI: the one that boots with EFI), or of that which the user's own
 * options for QEMU name. VQ_ERROR_USAGE if it has none that we know. Static. */
const VqHotplugBus *vq_hotplug_bus_find (const VqOptions *options, const VqArch *arch, gboolean efi,
                                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
