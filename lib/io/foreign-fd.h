// SPDX-License-Identifier: GPL-2.0-or-later
/* A descriptor that another process gave us and still shares: the user's terminal, a pipe into
 * autopkgtest, a log file. O_NONBLOCK belongs to the open file description, so setting it would
 * break the processes that share it. Instead, each kind is read and written in its own way:
 *
 *   pipe, FIFO, terminal  opened again through /proc/self/fd, non-blocking: a description of our
 *                         own. Where that is forbidden: as SHARED
 *   socket                MSG_DONTWAIT
 *   file, memory device   as it is: it never waits for a peer, and its offset and O_APPEND must
 *                         stay those of the others
 *   SHARED: the rest      polled before each call, and written in pieces that a pipe takes whole
 *                         when it is writable. Another process that reads or fills the pipe
 *                         between poll and call can make us wait for a moment.
 *
 * Used by fd-reader, fd-writer, user-stderr and ssh-run only. */
#pragma once

#include <glib.h>

typedef enum
{
  VQ_FOREIGN_UNUSABLE, /* closed, a directory, or not open in this direction */
  VQ_FOREIGN_DIRECT,   /* never waits; readiness need not be polled */
  VQ_FOREIGN_OWN,
  VQ_FOREIGN_SOCKET,
  VQ_FOREIGN_SHARED,
} VqForeignKind;

typedef struct
{
  int fd; /* owned; -1 when closed */
  VqForeignKind kind;
  gboolean terminal;
} VqForeignFd;

/* Takes over FD for reading (ACCESS O_RDONLY) or writing (O_WRONLY). Free with
 * vq_foreign_fd_clear, which closes it: FALSE with errno set if the kernel says only then that
 * something of what was written is lost (on NFS, or over a quota). */
void vq_foreign_fd_init (VqForeignFd *self, int fd, int access);
gboolean vq_foreign_fd_clear (VqForeignFd *self);

/* Like read and write, without waiting: -1 and EAGAIN when they would have to. A background
 * terminal does not stop us: reading it fails with EIO. */
gssize vq_foreign_fd_read (VqForeignFd *self, void *buffer, gsize len);
gssize vq_foreign_fd_write (VqForeignFd *self, const void *bytes, gsize len);

/* Whether a read that failed (not with EAGAIN) may have left something unread. A terminal that has
 * hung up, or that we would read in the background, fails as a broken disk does, but nothing of
 * what was typed is lost. */
gboolean vq_foreign_fd_may_have_more (const VqForeignFd *self);
