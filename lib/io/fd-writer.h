// SPDX-License-Identifier: GPL-2.0-or-later
/* Writes to a descriptor that came from another process without ever blocking the main context
 * on it and without changing it for the others who share it (see foreign-fd.h). The program
 * must ignore SIGPIPE. */
#pragma once

#include <glib.h>

typedef struct _VqFdWriter VqFdWriter;

/* Called once per block, from the main context, when all of it is written, or with BROKEN when
 * it was discarded because nobody can ever read it. May free the writer. */
typedef void (*VqFdWritten) (gboolean broken, gpointer data);

/* Takes over FD. A descriptor that cannot be written to gives a broken writer. */
VqFdWriter *vq_fd_writer_new (int fd);

/* Closes and frees; an outstanding block is dropped and its callback not called. */
void vq_fd_writer_free (VqFdWriter *writer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqFdWriter, vq_fd_writer_free)

/* Writes LEN bytes, of which it keeps a copy of what cannot be written at once. Only one block
 * may be outstanding. WRITTEN is never called from inside this call. Does not wait. */
void vq_fd_writer_write (VqFdWriter *writer, const void *bytes, gsize len, VqFdWritten written,
                         gpointer data);

/* For who keeps the bytes himself: writes what the descriptor takes now and returns their number,
 * less than LEN if it must wait or is broken. No block may be outstanding. */
gsize vq_fd_writer_try (VqFdWriter *writer, const void *bytes, gsize len);

/* Calls READY once, from the main context but never from inside this call, when it is time to try
 * again: to be called when it took less than it was given. Counts as an outstanding block. READY
 * may free the writer. */
typedef void (*VqFdWritable) (gpointer data);
void vq_fd_writer_wait (VqFdWriter *writer, VqFdWritable ready, gpointer data);

/* Closes the descriptor now: the other side sees the end. An outstanding block is dropped and its
 * callback not called; later blocks are discarded as broken. */
void vq_fd_writer_close (VqFdWriter *writer);

/* Why the writer is broken: the reader is gone, the disk is full (which may show only when it is
 * closed), ... NULL if it is not. */
const GError *vq_fd_writer_get_error (VqFdWriter *writer);
