// SPDX-License-Identifier: GPL-2.0-or-later
/* The line at the bottom of the user's terminal that says, while something takes long, how far it
 * is. Each new text replaces the one before. Nothing is shown if stderr is no terminal. */
#pragma once

#include <glib.h>

/* Shows TEXT, cut to the width of the terminal. */
void vq_progress_line_show (const char *text);

/* Removes the line, if there is one. */
void vq_progress_line_clear (void);
