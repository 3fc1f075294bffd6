// SPDX-License-Identifier: GPL-2.0-or-later
/* Takes requests on the socket of an instance (control-wire.h). What they mean is not known here.
 * Nothing here waits. */
#pragma once

#include "instance/control-request.h"

typedef struct _VqControlServer VqControlServer;

typedef void (*VqControlArrived) (VqControlRequest *request, gpointer data);

/* Listens on PATH. ARRIVED is called from the main context for each request. */
VqControlServer *vq_control_server_new (const char *path, VqControlArrived arrived, gpointer data,
                                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Clients whose requests have not arrived are dropped. Requests that have may be answered later. */
void vq_control_server_free (VqControlServer *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqControlServer, vq_control_server_free)
