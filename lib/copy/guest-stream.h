// SPDX-License-Identifier: GPL-2.0-or-later
/* A guest command with one of its streams in our hands: we feed its stdin or read its stdout, in
 * straight-line code, while the main context runs. The end of its stderr is kept for errors.
 * One deadline and one cancel hold for everything that is done with a stream. */
#pragma once

#include <glib.h>

#include "channel/channel.h"

typedef struct _VqGuestStream VqGuestStream;

/* Starts ARGV in the guest; we write its stdin. CHANNEL, and CANCEL (may be NULL) must outlive the
 * stream. Does not wait. */
VqGuestStream *vq_guest_stream_open_stdin (VqChannel *channel, const char *const *argv,
                                           gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The same, but we read its stdout. */
VqGuestStream *vq_guest_stream_open_stdout (VqChannel *channel, const char *const *argv,
                                            gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Kills the command if it still runs and waits up to 2 s for its end, then frees. */
void vq_guest_stream_free (VqGuestStream *stream);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqGuestStream, vq_guest_stream_free)

/* Writes all LEN bytes; waits until the pipe takes them. The program must ignore SIGPIPE. */
gboolean vq_guest_stream_write (VqGuestStream *stream, const void *bytes, gsize len, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Waits for 1 to MAX bytes; gives how many came, 0 at the end, -1 with *ERROR set. */
gssize vq_guest_stream_read (VqGuestStream *stream, void *buffer, gsize max, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Our end of the pipe, for another process to use: it blocks from now on. It stays the stream's,
 * which must not be written or read any more, but must be kept until that process has ended: a pipe
 * that is closed early looks like the end of the data. -1 with *ERROR set if that fails. */
int vq_guest_stream_borrow (VqGuestStream *stream, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* That process has found the other end closed, as vq_guest_stream_write or read would have. */
void vq_guest_stream_note_closed (VqGuestStream *stream);

/* Closes our end and waits for the command to end. Fails unless it exits with 0; the error then is
 * "exit status N: its stderr" (VQ_ERROR_PEER), or the channel's own. */
gboolean vq_guest_stream_finish (VqGuestStream *stream, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Ends a stream whose work failed with REASON (transfer full), and sets *ERROR to what is to blame:
 * if the guest closed its end first and its command failed, the command's error, else REASON.
 * Always returns FALSE. */
gboolean vq_guest_stream_fail (VqGuestStream *stream, GError *reason, GError **error);
