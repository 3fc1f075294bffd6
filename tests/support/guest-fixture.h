// SPDX-License-Identifier: GPL-2.0-or-later
/* For checked fixtures: a guest helper of this machine, and what all its tests do with it. */
#pragma once

#include "fake-host.h"

extern FakeHost *guest;       /* the other end of the helper */
extern int guest_status;      /* what the helper is to exit with; 0 unless a test sets it */
extern char *guest_directory; /* of the test; its files are removed behind it */

/* Starts a helper; it has not been greeted. */
void guest_setup_raw (void);
/* Starts one, and says hello with the nonce 'a'. */
void guest_setup (void);
/* Asserts that the helper ends, and that nothing is left. */
void guest_teardown (void);

/* Between the two, helpers are started by a shell, after COMMANDS. */
void guest_wrap (const char *commands);
void guest_unwrap (void);

/* A FIFO in guest_directory; free its path. */
char *guest_make_fifo (const char *name);

/* Runs, as stream 1, two processes that go on until they are killed. Returns a descriptor. */
int guest_start_lasting (void);
/* Waits for both to be gone, and closes FD. */
void guest_assert_killed (int fd);

/* Sends stdin to STREAM until it takes no more: a window is under way, then. What is sent are
 * BYTES, which must be 2 MiB. Returns how many. Runs commands meanwhile, with numbers from 100000.
 */
gsize guest_fill_stdin (guint32 stream, const char *bytes);

/* Waits for whoever has FIFO open for writing, and returns a descriptor to read it. */
int guest_open_fifo (const char *fifo);

/* Runs a command as stream STREAM, to its end. */
void guest_assert_works (guint32 stream);

/* How many descriptors the helper has open, and how many processes it has, dead or alive. */
guint guest_count_fds (void);
guint guest_count_processes (void);
