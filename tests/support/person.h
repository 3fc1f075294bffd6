// SPDX-License-Identifier: GPL-2.0-or-later
/* A person at a terminal, for tests of code that uses /dev/tty. The terminal is a pseudo-terminal,
 * and its other side is here. The code under test runs in a child with a session of its own. Waits
 * fail the test after 60 s. */
#pragma once

#include <glib.h>
#include <sys/types.h>

/* What the child does; the result is its exit status. It must not use libcheck's assertions. */
typedef int (*PersonBody) (gpointer data);

/* Starts BODY on a new terminal of ROWS and COLUMNS. This process must not have watched a child
 * with GLib before, because GLib's thread for that would be missing in the child. */
void person_begin (PersonBody body, gpointer data, guint rows, guint columns);

pid_t person_child (void);

/* Types KEYS. */
void person_type (const char *keys);

/* Waits until TEXT appears after what was expected last. */
void person_expect (const char *text);

/* Everything that has appeared since the beginning. */
const char *person_seen (void);

void person_resize (guint rows, guint columns);

/* Whether the terminal is in raw mode, and whether it is in exactly the mode in which it began. */
gboolean person_is_raw (void);
gboolean person_is_as_before (void);

/* Waits until the child and all its descendants have ended. Gives the child's status as waitpid
 * does. */
int person_end (void);
