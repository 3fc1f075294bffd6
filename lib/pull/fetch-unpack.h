// SPDX-License-Identifier: GPL-2.0-or-later
/* Unpacks an image that was compressed with gzip, bzip2, xz or zstd, with libarchive; runs in
 * virt-qemu-fetch. */
#pragma once

#include <glib.h>

/* Writes what is packed in the file FROM to the empty file TO, in which zeroes become holes. Tells
 * how far it is in FROM (fetch-wire.h). Fails with VQ_ERROR_TIMEOUT if it becomes more than MAX
 * bytes, and with VQ_ERROR_NO_ROOM if the disk is full. */
gboolean vq_fetch_unpack_run (int from, int to, guint64 max, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
