// SPDX-License-Identifier: GPL-2.0-or-later
/* The program that is run as a test: a file of the host's, or one that is fetched. */
#pragma once

#include "base/wait.h"

typedef struct _VqRunTest VqRunTest;

/* Opens the plain file NAME, or fetches it if NAME is an http, https or file URL. Fails with
 * VQ_ERROR_MISSING if it is not there, and with VQ_ERROR_USAGE if it is no test (test-check.h).
 * Waits as long as it comes. */
VqRunTest *vq_run_test_open (const char *name, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
void vq_run_test_free (VqRunTest *test);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqRunTest, vq_run_test_free)

/* A new descriptor that reads it from its beginning; -1 on failure. Only for one reader at a time.
 */
int vq_run_test_open_reader (VqRunTest *test, GError **error) G_GNUC_WARN_UNUSED_RESULT;
