// SPDX-License-Identifier: GPL-2.0-or-later
/* What the options of a verb that starts an instance say about its end. */
#pragma once

#include "instance/instance-owner.h"
#include "instance/instance.h"

typedef struct
{
  gint64 lease; /* seconds; 0: none; -1: not given */
  VqInstanceOwner owner;
} VqInstanceLife;

#define VQ_INSTANCE_LIFE_NONE                                                                      \
  {                                                                                                \
    -1, VQ_INSTANCE_OWNER_NONE                                                                     \
  }

/* The options' texts for --help. */
#define VQ_INSTANCE_LIFE_LEASE_HELP                                                                \
  "      --lease=TIME       end it after this time, as 90s, 15m, 2h or 1d; renew puts\n"           \
  "                         that off (0: no end)\n"
#define VQ_INSTANCE_LIFE_OWNER_HELP                                                                \
  "      --owner-pid=PID    end it at once when this process ends\n"                               \
  "      --owner-fd=N       end it at once when the other end of this descriptor, which\n"         \
  "                         is a pipe or a socket, is closed\n"

/* VALUE of --lease, --owner-pid or --owner-fd: OPTION is its name without the dashes. */
gboolean vq_instance_life_take (VqInstanceLife *life, const char *option, const char *value,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Writes the lease, if one is given, into the record of INSTANCE, whose lock we have. */
gboolean vq_instance_life_write (const VqInstanceLife *life, VqInstance *instance, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
