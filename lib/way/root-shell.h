// SPDX-License-Identifier: GPL-2.0-or-later
/* A root shell that waits on a serial port of the guest, as in images made by
 * autopkgtest-build-qemu, on hvc1 and ttyS1. It may be any POSIX shell, interactive or not, with or
 * without echo. It may be there already, come later in the boot, or never come. The port may hold
 * old output, and a half-typed command.
 *
 * To find the shell, we ask it to calculate something, so that its answer differs from the echo of
 * the question. We ask again every second until it answers, because what is sent too early may be
 * lost. Then we ask for the shell's user id. A random number in each question tells a late answer
 * from the expected one.
 *
 * We only send complete commands. If we give a command up, we interrupt it with ^C. It may still go
 * on if the shell has no controlling terminal, as with sysvinit's "setsid sh". */
#pragma once

#include <glib.h>

#include "way/serial-line.h"
#include "base/wait.h"

typedef struct _VqRootShell VqRootShell;

/* LINE is not taken over. It must outlive the result, and nobody else may use it meanwhile. Sends
 * nothing yet. */
VqRootShell *vq_root_shell_new (VqSerialLine *line);

/* Leaves the shell as it is for the next user. What is running there goes on. */
void vq_root_shell_free (VqRootShell *shell);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqRootShell, vq_root_shell_free)

/* Starts to ask whether there is a shell. Does not wait, and does nothing if it was called before.
 * Asking ends with an answer, or when the port shows a login prompt. */
void vq_root_shell_start (VqRootShell *shell);

/* Whether vq_root_shell_probe would return at once. This is a VqWaitCondition, to wait for one of
 * several shells. */
gboolean vq_root_shell_is_settled (gpointer shell);

/* Waits until a root shell answers, and starts to ask if that was not done. VQ_ERROR_PEER if the
 * shell is not root's, or the port shows a login prompt or is gone. At DEADLINE asking ends. */
gboolean vq_root_shell_probe (VqRootShell *shell, gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The user id of the shell that has answered, or -1 if none has. */
gint64 vq_root_shell_get_uid (VqRootShell *shell);

/* The longest script, in bytes. */
#define VQ_ROOT_SHELL_SCRIPT_MAX (32 * 1024)

/* Waits for a shell, runs SCRIPT in it and waits for its end. SCRIPT is for POSIX sh, may hold any
 * bytes, and runs as a child of the shell, without input and output. If its exit status is not 0,
 * the error holds it and the last line of its stderr. At DEADLINE, and on CANCEL, it is
 * interrupted, which may have no effect; a command that must not run on forever has to limit itself
 * ("timeout"). */
gboolean vq_root_shell_run (VqRootShell *shell, const char *script, gint64 deadline,
                            VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;
