// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages for people. All go to stderr, each as one line after the program's name. Lines are made
 * printable, because much of their text comes from QEMU or the guest. A line that is the same as
 * the one before, and comes within a second of it, is counted: "(the same again, N times)" comes
 * for N = 1, 10, 100, ..., and before the next other line. */
#pragma once

#include <glib.h>

/* Sends GLib's messages to stderr, except debug messages. To be called once. NAME is not copied. */
void vq_log_init (const char *name);

/* From now on debug messages are shown as well (--debug). */
void vq_log_show_debug (void);

/* From now on writes all messages, debug messages too, to the file PATH as well, which is replaced
 * and others may not read; each with the time. What is longer than 64 MiB is not written. */
gboolean vq_log_copy_to (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Tells the user that WHAT takes long, if stderr is a terminal; otherwise it is a debug message. */
void vq_log_progress (const char *what);

/* The last WHAT, or "" if there was none. */
const char *vq_log_get_progress (void);
