// SPDX-License-Identifier: GPL-2.0-or-later
/* Lines from the caller: reads a pipe, socket, terminal or file (the server's standard input) line
 * by line, and notices when the caller has gone away while a command runs. */
#pragma once

#include <glib.h>

#include "base/wait.h"

/* The longest line, in bytes, its newline not counted. */
#define VQ_LINE_MAX (1024 * 1024)

typedef struct _VqLineReader VqLineReader;

/* Called from the main context, at most once per vq_line_reader_watch_hangup. */
typedef void (*VqLineReaderGone) (gpointer data);

/* Fails with VQ_ERROR_USAGE when FD is non-blocking. That flag belongs to the open file, not to
 * the descriptor: whoever set it shares the file with us and may take our input away. */
gboolean vq_line_reader_check_blocking (int fd, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Reads from FD, which stays the caller's and must outlive the reader. */
VqLineReader *vq_line_reader_new (int fd);
void vq_line_reader_free (VqLineReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqLineReader, vq_line_reader_free)

/* Gives the next line without its newline in *LINE (transfer full), or NULL at end of file. A last
 * line that lacks its newline counts. Waits without limit, running the main context, until CANCEL
 * (may be NULL); a line that is already here wins over CANCEL. A line of more than VQ_LINE_MAX
 * bytes or with a NUL byte in it fails with VQ_ERROR_USAGE, and so do all later calls. */
gboolean vq_line_reader_next (VqLineReader *reader, char **line, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* TRUE when the other end has hung up and nothing it wrote is left to read, here or in the pipe.
 * Takes nothing out of the pipe and never waits. */
gboolean vq_line_reader_caller_is_gone (VqLineReader *reader);

/* Calls GONE (DATA) when the caller goes away, once, and only when nothing is left to read:
 * lines that came before the end are still to be answered, and the end is found by
 * vq_line_reader_next after them. Input does not wake this. To be used while a command runs;
 * replaces an earlier watch. */
void vq_line_reader_watch_hangup (VqLineReader *reader, VqLineReaderGone gone, gpointer data);

/* Ends the watch, if there is one. May be called from GONE. */
void vq_line_reader_unwatch_hangup (VqLineReader *reader);
