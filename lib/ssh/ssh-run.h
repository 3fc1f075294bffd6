// SPDX-License-Identifier: GPL-2.0-or-later
/* Runs one command in the guest over an ssh connection of its own, between three descriptors of
 * ours. Blocks, so only virt-qemu-ssh may use it.
 *
 * Over the connection go the command's words and then its stdin. A mark comes back in each output
 * before the command's own bytes (ssh-script). The command is over when the server has said how it
 * ended, no more output can come, and all output is written. While an output cannot be written,
 * nothing is read from the connection. Then the server sends no more than ssh's window allows, and
 * libssh never holds more. (libssh's own pump, the ssh_connector, does not do: it cannot look for
 * marks, does not report that nobody reads any more, and writes bytes of stdout to stderr after
 * stderr was full for a moment.)
 *
 * A signal that has no name in ssh is reported as SIGABRT. A command whose output nobody reads any
 * more gets a SIGPIPE, because ssh cannot close a single stream. */
#pragma once

#include <libssh/libssh.h>

#include "channel/channel.h"
#include "ssh/ssh-login.h"

/* Runs the command in BEGIN, which vq_ssh_script_begin has made, over SSH, which is logged in with
 * LOGIN. IN, OUT and ERR are taken over. Blocks until the command ends. *END says how, and never
 * has an error. Fails with VQ_ERROR_PEER if the server did not run it, or was lost meanwhile.
 *
 * This blocks SIGTERM for good. When it comes, the command's process group in the guest is killed,
 * over a new connection if this one cannot be used for that. */
gboolean vq_ssh_run (ssh_session ssh, VqSshLogin *login, GBytes *begin, int in, int out, int err,
                     VqEnd *end, GError **error) G_GNUC_WARN_UNUSED_RESULT;
