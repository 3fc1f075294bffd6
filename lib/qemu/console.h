// SPDX-License-Identifier: GPL-2.0-or-later
/* The output of the guest's first serial port. The last few KB of it are kept for messages, and it
 * is shown on request. QEMU writes a copy of the output into a pipe of ours, so that the port's own
 * socket stays free for people. */
#pragma once

#include <glib.h>

typedef struct _VqConsole VqConsole;

/* Makes the pipe. SHOW: everything goes to our stderr as well (--show-boot), as
 * guest-text.h shows it. */
VqConsole *vq_console_new (gboolean show, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void vq_console_free (VqConsole *console);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqConsole, vq_console_free)

/* From now on writes the output, as it is, to the file FD, which is taken over. What is longer than
 * 16 MiB is not written, so that a guest cannot fill the disk. */
void vq_console_log_to (VqConsole *console, int fd);

/* The pipe's writing end, for QEMU, or -1 after vq_console_close_writer. */
int vq_console_get_writer (VqConsole *console);
/* Closes our copy of the writing end, once QEMU has its own. */
void vq_console_close_writer (VqConsole *console);

/* From now on keeps the last MAX bytes of the output, for vq_console_get_text. */
void vq_console_keep (VqConsole *console, gsize max);

/* What is kept of the output; it may contain anything but NUL bytes. Valid until the guest writes
 * more. */
const char *vq_console_get_text (VqConsole *console, gsize *length);

/* Whether the guest has written anything at all. */
gboolean vq_console_has_spoken (VqConsole *console);

/* How many bytes the guest has written. */
guint64 vq_console_count_bytes (VqConsole *console);

/* When the guest last wrote something, in monotonic time; 0 if it has not. */
gint64 vq_console_get_last_time (VqConsole *console);

/* The last LINES lines that are not blank, as one printable line with " | " between them. Transfer
 * full. */
char *vq_console_last_lines (VqConsole *console, guint lines);
