// SPDX-License-Identifier: GPL-2.0-or-later
/* Makes text from the guest safe to show: no control character in it may reach the user's
 * terminal. */
#pragma once

#include <glib.h>

/* Gives BYTES as one line of valid UTF-8. What steers a terminal (ECMA-48: colours, titles, ...) is
 * left out; if it moves the cursor, it becomes a space, as other control characters do. Runs of
 * white space become one space. If the line is longer than MAX bytes, only its end is kept, after
 * "...". Transfer full. */
char *vq_text_printable (const char *bytes, gsize n, gsize max);

/* Appends N BYTES to TEXT, and keeps only the last MAX bytes of TEXT. NUL bytes become spaces,
 * because some firmware writes them, and they would hide what follows. */
void vq_text_keep_last (GString *text, const char *bytes, gsize n, gsize max);

/* The last LINES lines of TEXT that are not blank, as one line with BETWEEN between them. Each is
 * shortened to MAX bytes as by vq_text_printable. "" if there are none. Transfer full. */
char *vq_text_last_lines (const char *text, guint lines, gsize max, const char *between);
