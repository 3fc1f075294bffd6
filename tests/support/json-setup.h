// SPDX-License-Identifier: GPL-2.0-or-later
/* A VqJsonPeer with a fake peer behind it, for the tests of both. */
#pragma once

#include "base/error.h"
#include "fake-peer.h"
#include "io/json-peer.h"

#define LITERAL(text) text, sizeof (text) - 1
#define PATIENCE 10 /* seconds; for things that take none */

extern VqJsonPeer *peer;
extern FakePeer *fake;

/* What the handlers saw, in their order: "event NAME", "closed". */
extern GPtrArray *seen;

/* For a checked fixture. What is done between them must not leak. */
void json_set_up (void);
void json_tear_down (void);

/* Makes what OTHER's handlers see part of it. */
void watch_peer (VqJsonPeer *other);

/* All that was seen so far, with ", " in between. */
void assert_seen (const char *expected);

/* A pending request; all zero before it is sent. */
typedef struct
{
  guint n_calls;
  char *result; /* as JSON */
  GError *error;
} Reply;

/* A VqJsonReply with a Reply as its data. */
void on_reply (JsonNode *result, const GError *error, gpointer data);

/* Sends COMMAND without arguments, and returns its id. */
gint64 send_request (const char *command, Reply *reply);

/* Runs the context until the reply is there, and no longer. */
void await (Reply *reply);

/* Makes it all zero again. */
void reply_clear (Reply *reply);

/* Runs the context until nothing is left to be done. */
void run_idle (void);

/* A call that must give RESULT, as JSON. */
void assert_call (const char *command, const char *result);

/* A call that must fail with CODE, within SECONDS, and with a message that begins with MESSAGE. */
void assert_call_fails (const char *command, double seconds, VqErrorCode code, const char *message);
