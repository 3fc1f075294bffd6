// SPDX-License-Identifier: GPL-2.0-or-later
/* One ssh connection into the guest, to a port of 127.0.0.1: a libssh session that is driven by the
 * main context and never blocks it. Who uses its channels registers as a user, and is asked to go
 * on whenever something has come or can be sent.
 *
 * libssh calls back, and reads from the connection, from inside nearly each of its functions. So
 * its callbacks only take notes and write data to descriptors; everything else happens in a user's
 * "step", which the session calls with no libssh function under way. Nothing here calls anybody's
 * code that runs the main context or frees the session.
 *
 * The server is not trusted: what it sends is bounded by the windows of the channels (ssh-exec),
 * and it loses the connection if it makes us answer without reading the answers. */
#pragma once

#include <libssh/libssh.h>

#include "ssh/ssh-login.h"
#include "base/wait.h"

typedef struct _VqSshSession VqSshSession;

/* Begins to connect and to log in: it becomes ready, or fails. Does not wait. Fails at once if the
 * port refuses, and with VQ_ERROR_USAGE for a bad key in LOGIN, which must outlive the session. */
VqSshSession *vq_ssh_session_start (VqSshLogin *login, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Closes the connection. Users that are left are told that it is lost. */
void vq_ssh_session_free (VqSshSession *session);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqSshSession, vq_ssh_session_free)

/* Calls CHANGED from the main context, never from inside these functions, when the session has
 * become ready, has failed, or a user has left it. CHANGED must neither free the session nor run
 * the main context. */
void vq_ssh_session_watch (VqSshSession *session, void (*changed) (gpointer data), gpointer data);

/* Logged in, and not lost. */
gboolean vq_ssh_session_is_ready (VqSshSession *session);

/* The server has said who it is. */
gboolean vq_ssh_session_has_answered (VqSshSession *session);

/* Why it failed or was lost; NULL if it did not. VQ_ERROR_PEER where another attempt would fail as
 * well, or it was lost after the login. */
const GError *vq_ssh_session_get_error (VqSshSession *session);

const char *vq_ssh_session_get_user (VqSshSession *session);

/* For users, of a session that is ready. */

typedef struct
{
  GList link;                                        /* the session's */
  void (*step) (gpointer data);                      /* go on; may only remove itself */
  void (*lost) (const GError *error, gpointer data); /* removed: all channels are gone */
  gpointer data;
} VqSshUser;

void vq_ssh_session_add_user (VqSshSession *session, VqSshUser *user);
void vq_ssh_session_remove_user (VqSshSession *session, VqSshUser *user);
guint vq_ssh_session_count_users (VqSshSession *session);

/* libssh's handle; NULL when the session is lost. */
ssh_session vq_ssh_session_get_handle (VqSshSession *session);

/* To be called after libssh's functions were called from elsewhere than a step: what they have read
 * from the connection then is dealt with. */
void vq_ssh_session_touch (VqSshSession *session);

/* No data should be sent now: there is still some on its way out. A step follows. */
gboolean vq_ssh_session_is_busy (VqSshSession *session);

/* Stops and starts reading from the connection. Calls add up. */
void vq_ssh_session_pause (VqSshSession *session);
void vq_ssh_session_resume (VqSshSession *session);
