// SPDX-License-Identifier: GPL-2.0-or-later
/* For checked fixtures: asserts that a test leaves no descriptor and no child behind. */
#pragma once

/* Lets GLib open the descriptors that it keeps for good, and counts our open descriptors. */
void leaks_begin (void);

/* Fails the test if the number of descriptors has changed, or if there is a child, dead or
 * alive. */
void leaks_assert_none (void);

/* How many descriptors are open. */
int leaks_count_fds (void);
