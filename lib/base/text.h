// SPDX-License-Identifier: GPL-2.0-or-later
/* Makes text from the guest safe to show: no control character in it may reach the user's
 * terminal. */
#pragma once

#include <glib.h>

/* Gives BYTES as one line of valid UTF-8. Control characters become spaces, and runs of white space
 * become one space. If the line is longer than MAX bytes, only its end is kept, after "...".
 * Transfer full. */
char *vq_text_printable (const char *bytes, gsize n, gsize max);
