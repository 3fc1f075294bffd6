// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads from a descriptor that came from another process without ever blocking the main context
 * on it and without changing it for the others who share it (see foreign-fd.h). */
#pragma once

#include <glib.h>

typedef struct _VqFdReader VqFdReader;

/* Called once per read, from the main context: with LEN > 0 bytes that are valid until it returns,
 * or with LEN 0 and EOF set at the end, or after an error. May free the reader. */
typedef void (*VqFdGot) (const guint8 *bytes, gsize len, gboolean eof, gpointer data);

/* Takes over FD. One that can never be read is just at its end: closed, a directory, or open only
 * for writing (nohup makes its program's stdin so). */
VqFdReader *vq_fd_reader_new (int fd);

/* Closes and frees; the callback of an outstanding read is not called any more. */
void vq_fd_reader_free (VqFdReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqFdReader, vq_fd_reader_free)

/* Reads 1 to MAX bytes as soon as some are there; MAX is at least 1. Nothing is read from the
 * descriptor but by this. Only one read may be outstanding. GOT is never called from inside
 * this call. Does not wait. */
void vq_fd_reader_read (VqFdReader *reader, gsize max, VqFdGot got, gpointer data);

/* For who keeps the bytes himself, or moves many: reads into BUFFER what is there now, MAX bytes at
 * most (at least 1), and returns their number; 0 at the end or after an error, -1 if nothing is
 * there yet. No read may be outstanding. */
gssize vq_fd_reader_try (VqFdReader *reader, void *buffer, gsize max);

/* Calls READY once, from the main context but never from inside this call, when it is time to try
 * again. Counts as an outstanding read. READY may free the reader. */
typedef void (*VqFdReadable) (gpointer data);
void vq_fd_reader_wait (VqFdReader *reader, VqFdReadable ready, gpointer data);

/* Why it ended early (a broken disk, a lost connection), so that there may be more than was read;
 * NULL if it did not. A terminal that has hung up, or that may not be read in the background, is
 * just at its end. */
const GError *vq_fd_reader_get_error (VqFdReader *reader);
