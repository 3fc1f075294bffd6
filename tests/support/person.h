// SPDX-License-Identifier: GPL-2.0-or-later
/* A person at a terminal, for tests of what talks to one through /dev/tty: the terminal is a
 * pseudo-terminal whose other side is here, and the program under test a child in a session of its
 * own. Waits fail the test after 60 s. */
#pragma once

#include <glib.h>
#include <sys/types.h>

/* What the child does; its value is the exit status. No checks of libcheck may be made in it. */
typedef int (*PersonBody) (gpointer data);

/* Starts BODY on a new terminal of ROWS and COLUMNS. No child may be watched by GLib in this
 * process before: its thread for that would be missing in the child. */
void person_begin (PersonBody body, gpointer data, guint rows, guint columns);

pid_t person_child (void);

/* Types KEYS. */
void person_type (const char *keys);

/* Waits until TEXT appears behind what was expected last. */
void person_expect (const char *text);

/* All that appeared from the beginning on. */
const char *person_seen (void);

void person_resize (guint rows, guint columns);

/* Whether the terminal is in raw mode; and whether it is in exactly the mode that it began with. */
gboolean person_is_raw (void);
gboolean person_is_as_before (void);

/* Waits for the child, and for all that it has left, to end. Gives its status as waitpid does. */
int person_end (void);
