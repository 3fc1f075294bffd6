// SPDX-License-Identifier: GPL-2.0-or-later
/* Text from the guest on its way to a person: nothing in it may reach the terminal as control. */
#pragma once

#include <glib.h>

/* BYTES as one line of valid UTF-8: control characters become spaces, runs of white space become
 * one, at most MAX bytes are kept (the last ones, with "..." before them). Transfer full. */
char *vq_text_printable (const char *bytes, gsize n, gsize max);
