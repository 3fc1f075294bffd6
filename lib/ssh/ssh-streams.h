// SPDX-License-Identifier: GPL-2.0-or-later
/* stdout and stderr of a command that runs over ssh, from libssh's hands to descriptors of ours.
 *
 * libssh has a buffer for each of the two, and one window for both: the guest may send so much
 * more. libssh 0.10 opens the window wide again when some of a buffer is taken out, whatever it and
 * the other still hold. So what has come is copied, written if possible, and left in libssh's
 * buffers as a mere count while any of it waits in ours; then it is all taken out at once. Even so
 * a stuck stderr may grow while stdout moves: is_stuck tells, and the caller must stop reading from
 * the connection then. */
#pragma once

#include <glib.h>
#include <libssh/libssh.h>

typedef struct _VqSshStreams VqSshStreams;

/* Takes over OUT and ERR, -1 for one that nobody wants. CHANGED is called from the main context,
 * never from inside these functions, when what waited is written, or nobody reads any more. It may
 * free the streams. */
VqSshStreams *vq_ssh_streams_new (int out, int err, void (*changed) (gpointer data), gpointer data);
void vq_ssh_streams_free (VqSshStreams *streams);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqSshStreams, vq_ssh_streams_free)

/* For libssh's data callback: BYTES is all that its buffer holds. Returns how many to take out. */
gsize vq_ssh_streams_take (VqSshStreams *streams, gboolean is_err, const guint8 *bytes, gsize n);

/* Takes out of libssh's buffers what is written. */
void vq_ssh_streams_release (VqSshStreams *streams, ssh_channel channel);

/* All that has come is written, or thrown away. */
gboolean vq_ssh_streams_are_flushed (VqSshStreams *streams);

/* So much waits that no more may come. */
gboolean vq_ssh_streams_are_stuck (VqSshStreams *streams);

/* Nobody reads one of them any more. */
gboolean vq_ssh_streams_are_broken (VqSshStreams *streams);

/* Closes our descriptors and throws away what waits and what will come. */
void vq_ssh_streams_mute (VqSshStreams *streams);

/* The number of bytes that have come. */
guint64 vq_ssh_streams_count (VqSshStreams *streams);

/* The process of the command, as it is told before its output (ssh-script); 0 until then. */
guint vq_ssh_streams_get_pid (VqSshStreams *streams);

/* There is too much noise before the command's own output. */
gboolean vq_ssh_streams_are_lost (VqSshStreams *streams);

/* The last line of that noise as printable text, "" if there is none. Transfer full. */
char *vq_ssh_streams_get_noise (VqSshStreams *streams);
