// SPDX-License-Identifier: GPL-2.0-or-later
/* The only place that writes to our stderr: messages (log.h) and text from the guest
 * (guest-text.h).
 *
 * A terminal that ^S has stopped, or a pipe that nobody reads, must not make the server deaf, and
 * messages come from where the main context cannot be run. So a write waits for a second at most.
 * What is not taken then is lost, further writes do not wait, and as soon as something is taken
 * again, a line says how much was lost. */
#pragma once

#include <glib.h>

/* Writes N bytes of TEXT. */
void vq_user_stderr_write (const char *text, gsize n);

/* Whether stderr is a terminal. */
gboolean vq_user_stderr_is_terminal (void);

/* Tells whether the user's terminal is in raw mode from now on. Lines that go to it then end with
 * \r\n. */
void vq_user_stderr_set_raw (gboolean raw);
