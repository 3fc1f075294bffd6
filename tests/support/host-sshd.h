// SPDX-License-Identifier: GPL-2.0-or-later
/* OpenSSH's real server, on this machine and with the rights of whoever runs the test, instead of a
 * guest. The test itself listens on a port of 127.0.0.1, and starts one sshd for each connection.
 * Commands run here, and "sudo" only runs its arguments. */
#pragma once

#include <glib.h>

#include "ssh/ssh-login.h"

typedef struct _HostSshd HostSshd;

/* CONFIG (may be NULL) are lines that come first in sshd_config. */
HostSshd *host_sshd_new (const char *config);

/* Ends all its sshd processes, but not their commands, and removes its files. */
void host_sshd_free (HostSshd *host);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostSshd, host_sshd_free)

/* A login that is accepted: port, user, key and host key. The test may change it, and need not
 * clear it. */
VqSshLogin *host_sshd_get_login (HostSshd *host);

/* From now on one sshd listens itself, as in a guest: with its limits, but without what follows
 * here. */
void host_sshd_listen (HostSshd *host);

/* What it has logged. Transfer full. */
char *host_sshd_read_log (HostSshd *host);

/* The next N connections are closed at once, or accepted and never answered. */
void host_sshd_refuse (HostSshd *host, guint n);
void host_sshd_ignore (HostSshd *host, guint n);

/* All further connections get TEXT again and again. TEXT is not copied. */
void host_sshd_babble (HostSshd *host, const char *text);

/* How many connections there have been. */
guint host_sshd_count (HostSshd *host);

/* Kills what serves connection NUMBER, from 0, but not its commands. */
void host_sshd_kill (HostSshd *host, guint number);

/* Its private directory. */
const char *host_sshd_get_directory (HostSshd *host);
