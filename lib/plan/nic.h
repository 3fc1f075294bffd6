// SPDX-License-Identifier: GPL-2.0-or-later
/* The guest's network cards (--nic), with the words of QEMU's option -nic. */
#pragma once

#include <glib.h>

/* How many cards a guest can have. */
#define VQ_NIC_N_MAX 8

typedef struct
{
  char *bridge; /* the host's bridge that it is connected to; NULL: QEMU's user network */
  char *mac;    /* its address; NULL: QEMU chooses one */
} VqNic;

/* Parses "user[,mac=ADDRESS]" or "bridge,br=NAME[,mac=ADDRESS]". Whether there is such a bridge is
 * not checked. Errors are VQ_ERROR_USAGE. Transfer full. */
VqNic *vq_nic_parse (const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void vq_nic_free (VqNic *nic);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqNic, vq_nic_free)

/* Fails with VQ_ERROR_USAGE unless TEXT can be the address of one card. */
gboolean vq_nic_check_mac (const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Adds the card that TEXT describes to NICS (VqNic), unless one of them has its address. */
gboolean vq_nic_add (GPtrArray *nics, const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The number of the first of NICS that is in QEMU's user network; -1: none is. */
int vq_nic_find_user (const GPtrArray *nics);

/* Whether one of NICS is on a bridge. */
gboolean vq_nic_need_bridge (const GPtrArray *nics);
