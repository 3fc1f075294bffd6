// SPDX-License-Identifier: GPL-2.0-or-later
/* A serial port of the guest, used like a terminal. The guest's output is always read, so that it
 * never waits for us, and the end of it is kept. Sending never waits. The guest may write any
 * bytes, and any number of them. */
#pragma once

#include <glib.h>

#include "base/wait.h"

typedef struct _VqSerialLine VqSerialLine;

/* Takes over FD, a stream socket to the port. What either side sends before the other is there may
 * be lost. */
VqSerialLine *vq_serial_line_new (int fd);

/* Closes the line at once. QEMU throws away what it has not read yet; see vq_serial_line_finish. */
void vq_serial_line_free (VqSerialLine *line);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqSerialLine, vq_serial_line_free)

/* Calls HEARD from the main context when the guest has written more, and when the line has ended.
 * HEARD must not free the line. Replaces an earlier one; NULL ends it. */
typedef void (*VqSerialHeard) (gpointer data);
void vq_serial_line_on_heard (VqSerialLine *line, VqSerialHeard heard, gpointer data);

/* Sends TEXT. What there is no room for now is sent later. */
void vq_serial_line_send (VqSerialLine *line, const char *text);

/* Whether QEMU has read everything that was sent. The guest may not have got it yet. */
gboolean vq_serial_line_is_taken (VqSerialLine *line);

/* Interrupts what is typed and run there: drops what was not sent yet, then sends ^C, which also
 * drops what the terminal has not passed on yet, and a newline. */
void vq_serial_line_interrupt (VqSerialLine *line);

/* To be called before vq_serial_line_free: sends nothing more, and waits until QEMU has read
 * everything that was sent, or until DEADLINE. */
void vq_serial_line_finish (VqSerialLine *line, gint64 deadline, VqCancel *cancel);

/* The last 16 KiB, at most, of the guest's output that was not forgotten, with spaces for NUL
 * bytes. Valid until the main context runs. */
const char *vq_serial_line_get_text (VqSerialLine *line);

/* Forgets that text up to BEFORE, which points into it, or all of it if BEFORE is NULL. */
void vq_serial_line_forget (VqSerialLine *line, const char *before);

/* The last line of that text that is not blank, for messages. With COMPLETE, only lines that end
 * with a newline count, so a prompt does not. Transfer full. */
char *vq_serial_line_last_words (VqSerialLine *line, gboolean complete);

/* Replaces SECRET (copied; NULL: nothing) by "***" in these lines, because the guest may echo
 * it. */
void vq_serial_line_set_secret (VqSerialLine *line, const char *secret);

/* The monotonic time of the guest's last output, or of vq_serial_line_new if there was none. */
gint64 vq_serial_line_last_heard (VqSerialLine *line);

/* Why the line has ended, or NULL if it has not. */
const GError *vq_serial_line_get_error (VqSerialLine *line);

/* Waits for more output, or until the time UNTIL, which is not an error. Fails if the line has
 * ended, and with the reason of CANCEL. */
gboolean vq_serial_line_wait_more (VqSerialLine *line, gint64 until, VqCancel *cancel,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
