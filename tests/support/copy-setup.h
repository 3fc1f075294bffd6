// SPDX-License-Identifier: GPL-2.0-or-later
/* Two directories of this machine, one as the host's and one as the guest's, and what copies
 * between them. Whatever goes wrong here fails the test. */
#pragma once

#include "copy/copy.h"

extern VqChannel *copy_channel;
extern char *copy_host;  /* a directory of "the host", ends in "/" */
extern char *copy_guest; /* one of "the guest" */

/* For checked fixtures. The guest is a channel to this machine, or the real helper. */
void copy_setup (void);
void copy_setup_with_helper (void);
void copy_teardown (void);

/* Runs SCRIPT, trusted, with the two directories as $H and $G. */
void copy_shell (const char *script);

/* Puts a program NAME in the way of the guest's own. */
void copy_fake (const char *name, const char *script);

/* Copies between the two directories. */
gboolean copy_down (const char *from, const char *to, double seconds, GError **error);
gboolean copy_up (const char *from, const char *to, double seconds, GError **error);
void copy_assert_down (const char *from, const char *to);
void copy_assert_up (const char *from, const char *to);

/* ERROR has PREFIX first and PART somewhere, and is one line. */
void copy_assert_error (const GError *error, const char *prefix, const char *part);
