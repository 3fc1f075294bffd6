// SPDX-License-Identifier: GPL-2.0-or-later
/* A fake QMP server or guest agent at the other end of a connection. It follows a script, to which
 * each call below adds one item, and runs in our own main context. It reads only while an item
 * expects something, and fails the test at once if something else comes. */
#pragma once

#include <glib.h>

typedef struct _FakePeer FakePeer;

/* Uses one end of a socket pair; *FD is the other end, which belongs to the caller. */
FakePeer *fake_peer_new (int *fd);

/* Runs the main context until the script is done, for 10 s at most, and frees the peer. Fails the
 * test if a part of the script is left, or if the other side has sent more than was expected. */
void fake_peer_end (FakePeer *peer);

/* Runs the main context until the script is done. More items can be added then. */
void fake_peer_play (FakePeer *peer);

/* Expects a request for COMMAND with ARGUMENTS, which are JSON ("{...}"), or NULL for any, or ""
 * for none. */
void fake_peer_expect (FakePeer *peer, const char *command, const char *arguments);

/* Expects exactly these bytes, such as the agent's 0xFF. */
void fake_peer_expect_bytes (FakePeer *peer, const char *bytes, gsize n);

/* Answers the request expected last with RESULT, any JSON. */
void fake_peer_reply (FakePeer *peer, const char *result);

/* Answers request number INDEX, counted from 0, which may be late or out of order. */
void fake_peer_reply_to (FakePeer *peer, guint index, const char *result);

/* Answers the request expected last with an error; DESCRIPTION is any text. */
void fake_peer_error (FakePeer *peer, const char *description);

/* Expects COMMAND with any arguments and answers it. */
void fake_peer_serve (FakePeer *peer, const char *command, const char *result);

/* Sends TEXT and a newline: an event, a greeting, a reply with a strange id. */
void fake_peer_line (FakePeer *peer, const char *text);

/* Sends N bytes as they are, for garbage or half a message. */
void fake_peer_bytes (FakePeer *peer, const char *bytes, gsize n);

/* From here on everything is sent in pieces of SIZE bytes (0: as much as fits), each only when the
 * other side has read the one before. */
void fake_peer_split (FakePeer *peer, gsize size);

/* Does nothing and reads nothing for MILLISECONDS. */
void fake_peer_delay (FakePeer *peer, guint milliseconds);

/* Closes the connection. */
void fake_peer_close (FakePeer *peer);
