// SPDX-License-Identifier: GPL-2.0-or-later
/* One command in the guest over an ssh connection of its own, wired to three descriptors of ours.
 * For virt-qemu-ssh only: it blocks.
 *
 * The command gets its words and then its stdin over the connection, and before its own output come
 * two marks (ssh-script). It ends when it is known how it ended, that nothing more comes, and all
 * that came is written. While an output cannot be written, nothing is read from the connection: the
 * server sends no more than the window then, and libssh never holds more. (libssh's own pump, the
 * ssh_connector, finds no marks, does not tell that nobody reads any more, and writes bytes of
 * stdout to a stderr that was full for a moment.)
 *
 * A signal that ssh has no name for is told as SIGABRT. A command whose output nobody reads any
 * more is sent a SIGPIPE; ssh cannot close a single stream. */
#pragma once

#include <libssh/libssh.h>

#include "channel/channel.h"
#include "ssh/ssh-login.h"

/* Runs the command that BEGIN, of vq_ssh_script_begin, describes over SSH, which is logged in with
 * LOGIN. IN, OUT and ERR are taken over. Blocks until it ends; *END is how, and has no error.
 * Fails with VQ_ERROR_PEER if the server did not run it, or was lost meanwhile.
 *
 * From the start on SIGTERM is blocked: it kills the command's process group in the guest, over a
 * new connection if this one is of no use for that. */
gboolean vq_ssh_run (ssh_session ssh, VqSshLogin *login, GBytes *begin, int in, int out, int err,
                     VqEnd *end, GError **error) G_GNUC_WARN_UNUSED_RESULT;
