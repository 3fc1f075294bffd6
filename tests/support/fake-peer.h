// SPDX-License-Identifier: GPL-2.0-or-later
/* The other end of a QMP or guest agent connection, for tests. It follows a script in the same main
 * context: each call below adds one item. It reads only while an item expects something, and fails
 * the test at once when that is not what comes. */
#pragma once

#include <glib.h>

typedef struct _FakePeer FakePeer;

/* Plays on one end of a socket pair; *FD gets the other, which is the caller's. */
FakePeer *fake_peer_new (int *fd);

/* Runs the context until the script is played (10 s at most) and frees the peer. Fails the test if
 * something of the script is left, or if the other side sent more than was expected. */
void fake_peer_end (FakePeer *peer);

/* Runs the context until the script is played; the peer stays and can get more. */
void fake_peer_play (FakePeer *peer);

/* Expects a request for COMMAND; ARGUMENTS is JSON to compare with ("{...}"), NULL for any,
 * "" for none. */
void fake_peer_expect (FakePeer *peer, const char *command, const char *arguments);

/* Expects exactly these bytes, the agent's 0xFF say. */
void fake_peer_expect_bytes (FakePeer *peer, const char *bytes, gsize n);

/* Answers the request expected last with RESULT, any JSON. */
void fake_peer_reply (FakePeer *peer, const char *result);

/* Answers the request that was the INDEXth to come (from 0), late or out of order. */
void fake_peer_reply_to (FakePeer *peer, guint index, const char *result);

/* Answers the request expected last with an error; DESCRIPTION is any text. */
void fake_peer_error (FakePeer *peer, const char *description);

/* Expects COMMAND with any arguments and answers it. */
void fake_peer_serve (FakePeer *peer, const char *command, const char *result);

/* Sends TEXT and a newline: an event, a greeting, a reply with a strange id. */
void fake_peer_line (FakePeer *peer, const char *text);

/* Sends N bytes as they are: garbage, half a message. */
void fake_peer_bytes (FakePeer *peer, const char *bytes, gsize n);

/* From here on everything is sent in pieces of SIZE bytes, each only after the other side has read
 * the one before; 0: as much as fits. */
void fake_peer_split (FakePeer *peer, gsize size);

/* Does nothing, reads nothing, for MILLISECONDS. */
void fake_peer_delay (FakePeer *peer, guint milliseconds);

/* Closes the connection. */
void fake_peer_close (FakePeer *peer);
