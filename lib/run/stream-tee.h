// SPDX-License-Identifier: GPL-2.0-or-later
/* Copies what comes through a pipe to two places: to whoever watches, and to a log. It reads only
 * as fast as both can be written, so it holds one block in memory. */
#pragma once

#include <glib.h>

typedef struct _VqStreamTee VqStreamTee;

/* Takes over the descriptors IN, WATCHER and LOG; the last two may be -1. A watcher that goes away
 * is no failure. */
VqStreamTee *vq_stream_tee_new (int in, int watcher, int log);
void vq_stream_tee_free (VqStreamTee *tee);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqStreamTee, vq_stream_tee_free)

/* FULL is called once, when the log cannot be written any more: the disk may be full. What comes
 * after that is only for the watcher. */
typedef void (*VqStreamTeeFull) (const GError *error, gpointer data);
void vq_stream_tee_on_full (VqStreamTee *tee, VqStreamTeeFull full, gpointer data);

/* Whether all that came has been written, and no more can come. */
gboolean vq_stream_tee_has_ended (VqStreamTee *tee);
