// SPDX-License-Identifier: GPL-2.0-or-later
/* What a program inherits from the one that starts it and cannot choose: signals, descriptors,
 * limits, the umask. Each of our programs calls vq_inherited_settle first, so that none of the rest
 * has to think about these. What we start in turn finds the same order. */
#pragma once

#include <glib.h>

/* Opens descriptors 0 to 2 on /dev/null if they are closed: otherwise the next file would get such
 * a number. No signal is blocked, and the ends of children are reported (SIGCHLD). A write to a
 * closed pipe, or one that makes a file larger than the user's limit, fails instead of killing us
 * (SIGPIPE, SIGXFSZ). Files and directories that we make are usable for ourselves (umask). The
 * soft limit on open files is at least the usual one, and that on the stack is the usual one. Fails
 * if the hard limits are too small for us. */
gboolean vq_inherited_settle (GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* In a new child, before it runs a program: no signal is blocked, and none that
 * vq_inherited_settle has set is ignored. The soft limit on open files is the user's again, but
 * at least the usual one. Safe after fork. */
void vq_inherited_give_back (void);

/* To be appended to an error: if the user has set a limit that may be its reason, on the size of
 * files (ulimit -f) or on memory (ulimit -v), a note in parentheses that says so, and otherwise "".
 * The error is a system call's, or that the signal SIGNUM (0: none) has ended a program, or what
 * QEMU or one of its tools says. Transfer full. */
char *vq_inherited_note_on_errno (int errnum);
char *vq_inherited_note_on_signal (int signum);
char *vq_inherited_note_on_text (const char *text);
