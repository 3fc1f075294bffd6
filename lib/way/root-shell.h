// SPDX-License-Identifier: GPL-2.0-or-later
/* A root shell that waits on a serial port of the guest, such as images made by
 * autopkgtest-build-qemu have on hvc1 and ttyS1: any POSIX shell, interactive or not, with echo or
 * without. It may be there already, or come later in the boot, or never; the port may hold old
 * output, and a command that somebody has half typed.
 *
 * The guest is asked to calculate something, so that its answer can be told from the echo of the
 * question, again each second until it answers, as what comes too early may be lost; then who the
 * shell runs as. A random number in each question tells late answers from those that are due.
 *
 * Only whole commands are ever sent. One that is given up is interrupted (^C), but it may go on
 * where the shell has no control of its terminal, as with sysvinit's "setsid sh". */
#pragma once

#include <glib.h>

#include "way/serial-line.h"
#include "base/wait.h"

typedef struct _VqRootShell VqRootShell;

/* LINE is not taken over, must outlive the result and be used by nobody else meanwhile. Sends
 * nothing yet. */
VqRootShell *vq_root_shell_new (VqSerialLine *line);

/* Leaves the shell to whoever comes next. What was running there goes on. */
void vq_root_shell_free (VqRootShell *shell);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqRootShell, vq_root_shell_free)

/* Starts asking whether a shell is there; does not wait. Does nothing if it has been started.
 * Asking ends with an answer, or when the port turns out to ask for a login. */
void vq_root_shell_start (VqRootShell *shell);

/* Whether vq_root_shell_probe will return at once. A VqWaitCondition, to wait for one of several.
 */
gboolean vq_root_shell_is_settled (gpointer shell);

/* Waits until a root shell answers, and starts asking if need be. VQ_ERROR_PEER if the shell is not
 * root's, the port asks for a login instead, or is gone. At DEADLINE asking ends. */
gboolean vq_root_shell_probe (VqRootShell *shell, gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The user id of the shell that answered, -1: none has. */
gint64 vq_root_shell_get_uid (VqRootShell *shell);

/* The longest script, in bytes. */
#define VQ_ROOT_SHELL_SCRIPT_MAX (32 * 1024)

/* Waits for a shell and for SCRIPT, a POSIX sh script of any bytes, which is run as a child of it,
 * without input and output. If its exit status is not 0, the error tells it and the last line of
 * its stderr. At DEADLINE, and on CANCEL, it is interrupted. Whatever is to be sure to end at some
 * time must see to that itself ("timeout"). */
gboolean vq_root_shell_run (VqRootShell *shell, const char *script, gint64 deadline,
                            VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;
