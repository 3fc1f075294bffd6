// SPDX-License-Identifier: GPL-2.0-or-later
/* A serial port of the guest, as a person at a terminal has it: what the guest says is always
 * taken, so that it never waits for us, and the end of it is kept; what is sent never makes us
 * wait. Any bytes may come, and any number of them. */
#pragma once

#include <glib.h>

#include "base/wait.h"

typedef struct _VqSerialLine VqSerialLine;

/* Takes over FD, a stream socket to the port. What is sent or said before the other side is there
 * may be lost. */
VqSerialLine *vq_serial_line_new (int fd);

/* Closes at once: QEMU throws away what it has not taken yet. See vq_serial_line_finish. */
void vq_serial_line_free (VqSerialLine *line);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqSerialLine, vq_serial_line_free)

/* HEARD is called from the main context when the guest has said more, and when the line has ended;
 * must not free the line. Replaces an earlier one; NULL ends it. */
typedef void (*VqSerialHeard) (gpointer data);
void vq_serial_line_on_heard (VqSerialLine *line, VqSerialHeard heard, gpointer data);

/* Sends TEXT, or as much of it as there is room for, and the rest later. */
void vq_serial_line_send (VqSerialLine *line, const char *text);

/* TRUE when QEMU has taken all that was sent. That the guest has is not said. */
gboolean vq_serial_line_is_taken (VqSerialLine *line);

/* Gives up what is being typed and run there: forgets what could not be sent yet, then sends ^C,
 * which throws away what the terminal has not passed on yet, and a newline. */
void vq_serial_line_interrupt (VqSerialLine *line);

/* Sends no more, and waits until QEMU has taken all that was sent or DEADLINE has passed. For
 * before vq_serial_line_free. */
void vq_serial_line_finish (VqSerialLine *line, gint64 deadline, VqCancel *cancel);

/* What was heard and not forgotten, but only its last 16 KiB or less; NUL bytes are
 * spaces. Valid until the main context runs. */
const char *vq_serial_line_get_text (VqSerialLine *line);

/* Forgets that text up to BEFORE, a place in it; NULL: all of it. */
void vq_serial_line_forget (VqSerialLine *line, const char *before);

/* The last line of that text that is not blank, for messages; with COMPLETE of those that a newline
 * has ended, so that no prompt counts. Transfer full. */
char *vq_serial_line_last_words (VqSerialLine *line, gboolean complete);

/* SECRET (copied; NULL: nothing) is replaced in those by "***", as the guest may echo it. */
void vq_serial_line_set_secret (VqSerialLine *line, const char *secret);

/* The monotonic time at which something was last heard, or at which the line was made. */
gint64 vq_serial_line_last_heard (VqSerialLine *line);

/* Why the line ended; NULL: it is there. */
const GError *vq_serial_line_get_error (VqSerialLine *line);

/* Waits until more is heard, or until the time UNTIL, which is no error. Fails when the line has
 * ended, and with the reason of CANCEL. */
gboolean vq_serial_line_wait_more (VqSerialLine *line, gint64 until, VqCancel *cancel,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
