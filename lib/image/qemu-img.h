// SPDX-License-Identifier: GPL-2.0-or-later
/* Runs qemu-img, with limits on its time and memory, because an image comes from somebody else and
 * its header can make qemu-img work or allocate without end. */
#pragma once

#include "base/wait.h"

/* Fails if qemu-img is not installed. Does not wait. */
gboolean vq_qemu_img_check (GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Runs "qemu-img ARGUMENTS" in the locale C and gives its stdout in *OUT (at most 1 MiB; OUT may be
 * NULL). Paths in ARGUMENTS must be absolute, so that QEMU takes none for an option or for
 * "PROTOCOL:NAME".
 *
 * It may use 30 s of CPU time and 1 GiB of addresses; another limit stands in the environment:
 * VIRT_QEMU_IMG_LIMITS=60,2G. Where it was stopped by a limit, the error is VQ_ERROR_TIMEOUT. Waits
 * until DEADLINE. */
gboolean vq_qemu_img_run (const char *const *arguments, char **out, gint64 deadline,
                          VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same, and KEEP_FD is open in qemu-img under its own number. */
gboolean vq_qemu_img_run_with (const char *const *arguments, int keep_fd, gint64 deadline,
                               VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same for work that takes as long as the image is large: without a deadline, and without a
 * limit of CPU time. It waits for its turn (qemu-img-turn.h). It shows on PROGRESS_FD what it
 * prints; -1: nothing does. KEEP_FD is as above; -1: there is none. */
gboolean vq_qemu_img_work (const char *const *arguments, int progress_fd, int keep_fd,
                           VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;
