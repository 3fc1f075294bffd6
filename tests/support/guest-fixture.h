// SPDX-License-Identifier: GPL-2.0-or-later
/* For checked fixtures: a guest helper that runs on this machine, and what its tests share. */
#pragma once

#include "fake-host.h"

extern FakeHost *guest;  /* the other end of its connection */
extern int guest_status; /* the exit status that the helper must have; 0 unless a test sets it */
extern char *guest_directory; /* a directory for the test; its files are removed afterwards */

/* Starts a helper, and does not send HELLO. */
void guest_setup_raw (void);
/* Starts a helper, and sends HELLO with the nonce 'a'. */
void guest_setup (void);
/* Asserts that the helper ends, and that nothing is left. */
void guest_teardown (void);

/* Between these two, helpers are started by a shell that runs COMMANDS first. */
void guest_wrap (const char *commands);
void guest_unwrap (void);

/* Makes a FIFO in guest_directory. Returns its path; free it. */
char *guest_make_fifo (const char *name);

/* Runs two processes as stream 1, which go on until they are killed. Returns a descriptor for
 * guest_assert_killed. */
int guest_start_lasting (void);
/* Waits until both are gone, and closes FD. */
void guest_assert_killed (int fd);

/* Sends stdin to STREAM until it takes no more, so that a window is under way. Sends from BYTES,
 * which must have 2 MiB, and returns how many it sent. Meanwhile runs commands with numbers from
 * 100000. */
gsize guest_fill_stdin (guint32 stream, const char *bytes);

/* Waits until somebody opens FIFO for writing, and returns a descriptor to read from it. */
int guest_open_fifo (const char *fifo);

/* Runs a command as STREAM to its end, and asserts that it succeeds. */
void guest_assert_works (guint32 stream);

/* How many descriptors the helper has open, and how many child processes it has, dead or alive. */
guint guest_count_fds (void);
guint guest_count_processes (void);
