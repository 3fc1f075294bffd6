// SPDX-License-Identifier: GPL-2.0-or-later
/* Shows the user what we wait for when that takes longer than a second: a progress line
 * (progress-line.h) with the seconds that have passed. */
#pragma once

#include <glib.h>

typedef struct _VqProgress VqProgress;

/* What to show now. Transfer full. */
typedef char *(*VqProgressSay) (gpointer data);

/* Shows what SAY gives for DATA, each second from the first on, if stderr is a terminal; otherwise
 * never. */
VqProgress *vq_progress_new (VqProgressSay say, gpointer data);

/* The same with always the same TEXT, which must outlive the result. */
VqProgress *vq_progress_new_text (const char *text);

/* Removes the line. */
void vq_progress_free (VqProgress *progress);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqProgress, vq_progress_free)

/* From now on nothing is shown: the user sees other things that move. */
void vq_progress_hide (void);
