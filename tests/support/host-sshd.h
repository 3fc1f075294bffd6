// SPDX-License-Identifier: GPL-2.0-or-later
/* OpenSSH's real server, run on this machine as whoever runs the test: a guest without a guest. The
 * test itself listens on a port of 127.0.0.1, and starts one sshd for each connection. Its commands
 * run here, as us; "sudo" does nothing there but to run its arguments. */
#pragma once

#include <glib.h>

#include "ssh/ssh-login.h"

typedef struct _HostSshd HostSshd;

/* CONFIG are further lines for sshd_config that come first; may be NULL. */
HostSshd *host_sshd_new (const char *config);

/* Ends what runs of it, but not its commands, and removes its files. */
void host_sshd_free (HostSshd *host);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostSshd, host_sshd_free)

/* What gets in: port, user, key and host key. The test may change it, and need not clear it. */
VqSshLogin *host_sshd_get_login (HostSshd *host);

/* The next N connections are closed at once, or nobody answers on them. */
void host_sshd_refuse (HostSshd *host, guint n);
void host_sshd_ignore (HostSshd *host, guint n);

/* All further connections get TEXT, which must live on, again and again. */
void host_sshd_babble (HostSshd *host, const char *text);

/* How many connections there have been. */
guint host_sshd_count (HostSshd *host);

/* Kills what serves connection NUMBER, from 0, but not its commands. */
void host_sshd_kill (HostSshd *host, guint number);

/* Its private directory. */
const char *host_sshd_get_directory (HostSshd *host);
