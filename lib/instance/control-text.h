// SPDX-License-Identifier: GPL-2.0-or-later
/* The lines of control-wire.h as text. Nothing here waits. */
#pragma once

#include <glib.h>

/* A line of WORDS, with its newline. Transfer full. */
char *vq_control_text_build (const char *const *words);

/* The words of LINE, which has no newline. Transfer full. */
char **vq_control_text_split (const char *line);

/* The VALUE of the first of WORDS that is NAME=VALUE; NULL if none is. It belongs to WORDS. */
const char *vq_control_text_find (const char *const *words, const char *name);

/* The line for ERROR, with its newline. Transfer full. */
char *vq_control_text_build_error (const GError *error);

/* The error that the words after "error" stand for; NULL if they are wrong. */
GError *vq_control_text_parse_error (const char *const *words);
