// SPDX-License-Identifier: GPL-2.0-or-later
/* For fixtures: what is said to the user. A test that does not expect a message fails when there
 * is one. */
#pragma once

/* From now on messages are kept, instead of shown. */
void messages_begin (void);

/* Fails the test if there is a message that was not taken. */
void messages_end (void);

/* The number of warnings since it was last asked; fails the test unless each has TEXT in it. */
int messages_take_warnings (const char *text);

/* Fails the test unless there was one warning, with TEXT in it. */
void messages_assert_warning (const char *text);
