// SPDX-License-Identifier: GPL-2.0-or-later
/* The bus to which a device can be added while a machine runs. It depends on the type of the
 * machine. */
#pragma once

#include <glib.h>

#include "plan/arch.h"
#include "plan/options.h"

/* For one disk, the base image. Each further one needs a port of its own where that needs one. */
typedef struct
{
  const char *bus; /* QEMU's name for the bus; NULL: QEMU finds one */
  const char
      *port; /* a -device that must exist from the start to provide the bus; NULL: none is needed */
} VqHotplugBus;

/* The bus of ARCH's machine (with EFI, of its machine for EFI), or of the machine that the user's
 * own options for QEMU name. VQ_ERROR_USAGE if we know of no such bus for that machine; WHAT is the
 * option that needs one. Static. */
const VqHotplugBus *vq_hotplug_bus_find (const VqOptions *options, const VqArch *arch, gboolean efi,
                                         const char *what, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The bus for the late disk INDEX on a machine with BUS, or NULL. Transfer full. */
char *vq_hotplug_bus_build_name (const VqHotplugBus *bus, guint index);

/* The -device that provides that bus, or NULL. Transfer full. */
char *vq_hotplug_bus_build_port (const VqHotplugBus *bus, guint index);
