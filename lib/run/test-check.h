// SPDX-License-Identifier: GPL-2.0-or-later
/* Finds out that what the user has named as the test is something else, before a machine is made
 * for it. All errors are VQ_ERROR_USAGE, and name it NAME. */
#pragma once

#include <glib.h>

/* Checks what can be read from FD, a plain file: it must not be empty, a disk image or a web page.
 * Waits for nothing but the disk. */
gboolean vq_test_check_contents (int fd, const char *name, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Says why there is no file NAME: it is the name of an image, or an address of which we do not know
 * the scheme. TRUE if nothing can be said. */
gboolean vq_test_check_missing (const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;
