// SPDX-License-Identifier: GPL-2.0-or-later
/* Descriptors that are closed by their scope: `vq_autofd int fd = open (...)`. What closes one
 * leaves errno alone, so that a function can clean up and still say why it failed. g_steal_fd hands
 * one on. (GLib has g_autofd and g_clear_fd only since 2.80.) */
#pragma once

#include <errno.h>
#include <glib.h>
#include <unistd.h>

/* Closes *FD if it is open, and makes it -1. */
void vq_fd_clear (int *fd);

#define vq_autofd __attribute__ ((cleanup (vq_fd_clear)))

/* Writes N BYTES to FD, which must be blocking, as files are. FALSE with errno on failure; a part
 * may be written then. */
gboolean vq_fd_write_all (int fd, const void *bytes, gsize n) G_GNUC_WARN_UNUSED_RESULT;
