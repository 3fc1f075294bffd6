// SPDX-License-Identifier: GPL-2.0-or-later
/* What the guest writes for the user to see: its console with --show-boot, the output of template
 * scripts, and what QEMU itself writes to its stdout. All of it goes to our stderr through this. It
 * is made visible (visible-text.h) even if stderr is not a terminal: a pipe often ends on one, as
 * autopkgtest --log-file does, and logs are read on one. */
#pragma once

#include <glib.h>

typedef struct _VqGuestText VqGuestText;

/* Shows at most MAX bytes. If there are more, a note says so, and the last ones are shown at the
 * end. */
VqGuestText *vq_guest_text_new (guint64 max);

/* Shows what is left in the pipe and what was held back, and frees. */
void vq_guest_text_free (VqGuestText *text);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqGuestText, vq_guest_text_free)

void vq_guest_text_show (VqGuestText *text, const char *bytes, gsize n);

/* Makes a pipe, and returns its writing end, which is the caller's. What is written there is shown
 * while the main context runs. Returns -1 on failure. */
int vq_guest_text_open_pipe (VqGuestText *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;
