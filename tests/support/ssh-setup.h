// SPDX-License-Identifier: GPL-2.0-or-later
/* What the tests of the ssh channel share: the real sshd on this machine, and a channel to it. Its
 * commands are programs that lie beside the test. */
#pragma once

#include "agent-job.h"
#include "host-sshd.h"

#define PATIENCE 60 /* seconds; for things that take none */
#define MIB (1024 * 1024)

extern HostSshd *host;
extern VqChannel *channel;

/* Starts the sshd, with further lines of configuration, and makes the channel. */
void open_channel (const char *config);

/* Fixtures; the bare one makes none. */
void setup_bare (void);
void setup (void);
void teardown (void);

void make_pipe (int ends[2]);

/* N of them, to be freed. */
guint8 *random_bytes (gsize n);

/* N bytes of any kind come out of cat as they went in. */
void go_through_cat (gsize size);

/* For a condition: the process that DATA, a pid_t, names is gone. */
gboolean is_gone (gpointer data);

/* The virt-qemu-ssh that PARENT has started; there must be one, and only one. */
pid_t find_program (pid_t parent);

/* How large the memory of the program PID has been, in KiB. 0 with ASan, which keeps what is freed.
 */
gulong get_peak (pid_t pid);
