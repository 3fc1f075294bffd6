// SPDX-License-Identifier: GPL-2.0-or-later
/* Descriptors that are closed at the end of their scope: `vq_autofd int fd = open (...)`. Closing
 * does not change errno, so that a function can clean up and still report why it failed. To pass a
 * descriptor on, use g_steal_fd. (GLib has g_autofd and g_clear_fd only since 2.80.) */
#pragma once

#include <errno.h>
#include <glib.h>
#include <unistd.h>

/* Closes *FD if it is open, and sets it to -1. */
void vq_fd_clear (int *fd);

#define vq_autofd __attribute__ ((cleanup (vq_fd_clear), unused))

/* Makes a pipe, which is closed on exec. ENDS[0] is to be read. */
gboolean vq_fd_open_pipe (int ends[2], GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Writes all N BYTES to FD, which must be blocking, as files are. Returns FALSE with errno set on
 * failure; a part may have been written then. */
gboolean vq_fd_write_all (int fd, const void *bytes, gsize n) G_GNUC_WARN_UNUSED_RESULT;
