// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads from a descriptor that came from another process without ever blocking the main context
 * on it and without changing it for the others who share it (see foreign-fd.h). */
#pragma once

#include <glib.h>

typedef struct _VqFdReader VqFdReader;

/* Takes over FD. A descriptor that can never be read counts as being at its end: a closed one, a
 * directory, or one that is open only for writing (nohup gives its program such a stdin). */
VqFdReader *vq_fd_reader_new (int fd);

/* Closes the descriptor. After that READY is not called any more. */
void vq_fd_reader_free (VqFdReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqFdReader, vq_fd_reader_free)

/* Reads into BUFFER what is there now, at most MAX bytes (MAX is at least 1). Returns their number,
 * 0 at the end or after an error, or -1 if nothing is there yet. Not while vq_fd_reader_wait waits.
 */
gssize vq_fd_reader_try (VqFdReader *reader, void *buffer, gsize max);

/* Calls READY once, from the main context but never from inside this call, when it is time to try
 * again. READY may free the reader. */
typedef void (*VqFdReadable) (gpointer data);
void vq_fd_reader_wait (VqFdReader *reader, VqFdReadable ready, gpointer data);

/* If reading ended early (a broken disk, a lost connection), so that there may have been more to
 * read: the reason. Otherwise NULL. A terminal that has hung up, or that may not be read in the
 * background, is at its end without an error. */
const GError *vq_fd_reader_get_error (VqFdReader *reader);
