// SPDX-License-Identifier: GPL-2.0-or-later
/* Writes to a descriptor that came from another process without ever blocking the main context
 * on it and without changing it for the others who share it (see foreign-fd.h). The program
 * must ignore SIGPIPE. */
#pragma once

#include <glib.h>

typedef struct _VqFdWriter VqFdWriter;

/* Takes over FD. If it cannot be written to, the first try fails. */
VqFdWriter *vq_fd_writer_new (int fd);

/* Closes the descriptor. After that READY is not called any more. */
void vq_fd_writer_free (VqFdWriter *writer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqFdWriter, vq_fd_writer_free)

/* Writes as many of the LEN BYTES as the descriptor takes now, and returns their number. If that is
 * less than LEN, the descriptor is full, or there is an error. Not while vq_fd_writer_wait waits.
 */
gsize vq_fd_writer_try (VqFdWriter *writer, const void *bytes, gsize len);

/* To be called when the descriptor is full. Calls READY once, from the main context but never from
 * inside this call, when it is time to try again. READY may free the writer. */
typedef void (*VqFdWritable) (gpointer data);
void vq_fd_writer_wait (VqFdWriter *writer, VqFdWritable ready, gpointer data);

/* Closes the descriptor, so that the other side sees the end. After that READY is not called any
 * more, and every try fails. */
void vq_fd_writer_close (VqFdWriter *writer);

/* Why nothing more can be written: the reader is gone, or the disk is full (some file systems
 * report that only when the file is closed). NULL if there was no error. */
const GError *vq_fd_writer_get_error (VqFdWriter *writer);
