// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads the caller's lines from a pipe, socket, terminal or file (the server's standard input), and
 * notices when the caller goes away while a command runs. */
#pragma once

#include <glib.h>

#include "base/wait.h"

/* The longest line, in bytes, its newline not counted. */
#define VQ_LINE_MAX (1024 * 1024)

typedef struct _VqLineReader VqLineReader;

/* Called from the main context, at most once per vq_line_reader_watch_hangup. */
typedef void (*VqLineReaderGone) (gpointer data);

/* Reads from FD, which stays the caller's and must outlive the reader. It may be non-blocking, or
 * become so: that belongs to the open file, which the caller may share with us. */
VqLineReader *vq_line_reader_new (int fd);
void vq_line_reader_free (VqLineReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqLineReader, vq_line_reader_free)

/* Gives the next line without its newline in *LINE (transfer full), or NULL at the end of the file.
 * A last line without a newline counts as a line. Runs the main context and waits without limit, or
 * until CANCEL (may be NULL) is triggered; a line that has already been read wins over CANCEL. A
 * line of more than VQ_LINE_MAX bytes, or with a NUL byte, is VQ_ERROR_USAGE, and so are all later
 * calls. */
gboolean vq_line_reader_next (VqLineReader *reader, char **line, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Calls GONE (DATA) once when the caller goes away, but only if nothing is left to read: lines that
 * came before the end must still be answered, and vq_line_reader_next finds the end after them.
 * Input does not call it. To be used while a command runs; replaces an earlier watch. */
void vq_line_reader_watch_hangup (VqLineReader *reader, VqLineReaderGone gone, gpointer data);

/* Ends the watch, if there is one. May be called from GONE. */
void vq_line_reader_unwatch_hangup (VqLineReader *reader);
