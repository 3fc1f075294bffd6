// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading a file that the user has named. What is not a plain file, such as a pipe, would keep us
 * waiting, or have no end. VQ_ERROR_MISSING if there is none, VQ_ERROR_USAGE if it cannot be read.
 * The errors do not name the file. */
#pragma once

#include <glib.h>
#include <sys/stat.h>

/* Opens the plain file PATH, which has at most MAX bytes. *ST, which may be NULL, is what the
 * kernel says of it. Returns -1 on failure. */
int vq_plain_file_open (const char *path, goffset max, struct stat *st, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* What is in the plain file PATH, at most VQ_PLAIN_FILE_MAX bytes (transfer full). ST as above. */
#define VQ_PLAIN_FILE_MAX (16 * 1024 * 1024)
GBytes *vq_plain_file_read (const char *path, struct stat *st, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The same as a string. *LENGTH, which may be NULL, does not count the NUL at its end. */
char *vq_plain_file_read_text (const char *path, gsize *length, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
