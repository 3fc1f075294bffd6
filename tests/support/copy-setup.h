// SPDX-License-Identifier: GPL-2.0-or-later
/* Two directories on this machine, one as the host's and one as the guest's, and functions that
 * copy between them. All failures here fail the test. */
#pragma once

#include "copy/copy.h"

extern VqChannel *copy_channel;
extern char *copy_host;    /* the directory of "the host"; ends in "/" */
extern char *copy_guest;   /* the directory of "the guest"; ends in "/" */
extern guint64 copy_bytes; /* what was copied; a test sets it to 0 */

/* For checked fixtures. The guest is a channel to this machine, or the real guest helper. */
void copy_setup (void);
void copy_setup_with_helper (void);
void copy_teardown (void);

/* Runs SCRIPT on this machine, with the two directories as $H and $G. */
void copy_shell (const char *script);

/* Makes a program NAME that the guest finds before its own. */
void copy_fake (const char *name, const char *script);

/* Copies between the two directories. */
gboolean copy_down (const char *from, const char *to, double seconds, GError **error);
gboolean copy_up (const char *from, const char *to, double seconds, GError **error);
void copy_assert_down (const char *from, const char *to);
void copy_assert_up (const char *from, const char *to);

/* Asserts that ERROR begins with PREFIX, contains PART, and is one line. */
void copy_assert_error (const GError *error, const char *prefix, const char *part);
