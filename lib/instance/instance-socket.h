// SPDX-License-Identifier: GPL-2.0-or-later
/* The sockets of an instance that runs. They are in a directory of their own, because a socket's
 * path must be short; a link in the instance's directory leads there. */
#pragma once

#include "instance/instance.h"

/* Makes the directory for the sockets of INSTANCE, which is empty. Returns its path (transfer
 * full). */
char *vq_instance_socket_make_dir (VqInstance *instance, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Whether there is one, though perhaps of a supervisor that was killed. */
gboolean vq_instance_socket_has_dir (VqInstance *instance);

/* Removes it. */
void vq_instance_socket_remove_dir (VqInstance *instance);

/* Makes links in that directory to the sockets of QEMU, which are in MACHINE, in place of those
 * that led to an earlier machine's. */
gboolean vq_instance_socket_link (VqInstance *instance, const char *machine, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The path of the socket SOCKET ("exec") of INSTANCE. VQ_ERROR_BUSY if it does not run. Transfer
 * full. */
char *vq_instance_socket_build_path (VqInstance *instance, const char *socket, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The same of the instance NAME: VQ_ERROR_MISSING if there is none, VQ_ERROR_BUSY if it does not
 * run or the socket is not there yet. */
char *vq_instance_socket_find (const char *name, const char *socket, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
