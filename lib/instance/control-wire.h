// SPDX-License-Identifier: GPL-2.0-or-later
/* The messages on the socket "control" of an instance. A client sends one request, a line of words,
 * and reads lines until one that begins with "ok" or "error". The words are separated by blanks,
 * and url-quoted (testbed/protocol.h).
 *
 *   request   VERB [ARGUMENT...]
 *   reply     note TEXT               what the request waits for
 *             ok [WORD...]
 *             error CODE TEXT
 *
 * A request that changes the machine waits until those before it are done; if its first argument is
 * "now", it fails instead.
 *
 *   status            the words NAME=VALUE; does not wait
 *   stats             the same, of what it takes of the host
 *   renew [SECONDS]   a new lease, 0: none; without it, as long as the first; does not wait
 *   mark WORD...      notes a status or a description (instance-mark.h); does not wait
 *   ready             ok, when its turn comes
 *   stop SECONDS      shuts the guest down and ends the supervisor; -1: without asking the guest
 *   restart [SCRATCH [itself]]   reboots the guest, or waits until it reboots itself; keeps what is
 *                     in the directory SCRATCH of the guest
 *   revert [SCRATCH]  a fresh fork, with an empty directory SCRATCH
 *   fork SOCKET DIR   sends the machine, which goes on, to the QEMU that listens at SOCKET, and its
 *                     disk to the files in DIR; only supervisors ask for that
 *   end               ok, when the supervisor ends */
#pragma once

/* The longest line. */
#define VQ_CONTROL_LINE_MAX 65536

#define VQ_CONTROL_SOCKET "control"

#define VQ_CONTROL_NOW "now"
#define VQ_CONTROL_ITSELF "itself"
