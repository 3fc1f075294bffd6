// SPDX-License-Identifier: GPL-2.0-or-later
/* A VqJsonPeer with a fake peer behind it, for the tests of both. */
#pragma once

#include "base/error.h"
#include "fake-peer.h"
#include "io/json-peer.h"

#define LITERAL(text) text, sizeof (text) - 1
#define PATIENCE 10 /* seconds; for what should happen at once */

extern VqJsonPeer *peer;
extern FakePeer *fake;

/* What the handlers were called with, in order: "event NAME", "closed". */
extern GPtrArray *seen;

/* For a checked fixture. The teardown asserts that nothing has leaked. */
void json_set_up (void);
void json_tear_down (void);

/* Adds the calls of OTHER's handlers to SEEN. */
void watch_peer (VqJsonPeer *other);

/* Asserts everything that was seen so far, with ", " in between. */
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

/* Runs the main context until the reply is there, and no longer. */
void await (Reply *reply);

/* Makes REPLY all zero again. */
void reply_clear (Reply *reply);

/* Runs the main context until nothing is left to do. */
void run_idle (void);

/* A call that must give RESULT, as JSON. */
void assert_call (const char *command, const char *result);

/* A call that must fail with CODE, within SECONDS, and with a message that begins with MESSAGE. */
void assert_call_fails (const char *command, double seconds, VqErrorCode code, const char *message);
