// SPDX-License-Identifier: GPL-2.0-or-later
/* An ssh server that admits everybody and starts nothing, for what the real one never does. It is a
 * process of its own, made of libssh. */
#pragma once

#include <glib.h>
#include <libssh/libssh.h>

#include "ssh/ssh-login.h"

typedef struct _FakeSshServer FakeSshServer;

/* What it does when it is asked to run a command on CHANNEL; in its own process, which ends when
 * this returns and the client has gone. No checks of libcheck may be made in it. */
typedef void (*FakeSshScript) (ssh_session ssh, ssh_channel channel);

/* For a script: from now on nothing that the client sends is taken from its connection. */
void fake_ssh_server_be_deaf (void);

/* The test's word that the script may go on, and a script's wait for it. */
void fake_ssh_server_go_on (void);
void fake_ssh_server_wait_for_test (void);

/* For a script: the server is gone. */
void fake_ssh_server_leave (void) G_GNUC_NORETURN;

/* No child may be watched by GLib in this process before. */
FakeSshServer *fake_ssh_server_new (FakeSshScript script);
void fake_ssh_server_free (FakeSshServer *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FakeSshServer, fake_ssh_server_free)

VqSshLogin *fake_ssh_server_get_login (FakeSshServer *server);
