// SPDX-License-Identifier: GPL-2.0-or-later
/* For fixtures: checks the messages to the user. A test fails if there is a message that it does
 * not expect. */
#pragma once

/* From now on messages are kept instead of shown. */
void messages_begin (void);

/* Fails the test if there is a message that was not taken. */
void messages_end (void);

/* The number of warnings since the last call. Fails the test unless each contains TEXT. */
int messages_take_warnings (const char *text);

/* Fails the test unless there was exactly one warning, and it contains TEXT. */
void messages_assert_warning (const char *text);
