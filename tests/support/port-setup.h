// SPDX-License-Identifier: GPL-2.0-or-later
/* A port to the guest helper with a fake guest behind it, for the tests of both. */
#pragma once

#include "base/error.h"
#include "fake-guest.h"
#include "helper/helper-channel.h"
#include "helper/helper-port.h"

#define PATIENCE 30 /* seconds; for what should happen at once */
#define SHORT 0.3   /* seconds; for what should never happen */

extern FakeGuest *port_guest;
extern VqHelperPort *port_tested;

/* What the port has reported: "[REASON]" for its failure, "NAME:TYPE" for a frame of a stream (with
 * the text of stdout), "NAME failed". */
extern GString *port_told;

/* For a checked fixture. The teardown asserts that nothing has leaked. */
void port_setup (void);
void port_teardown (void);

/* The same with a connection and a channel on it. */
extern VqChannel *port_channel;
void port_channel_setup (void);
void port_channel_teardown (void);

/* Teardown and setup, for tests that do the same more than once. */
void port_start_again (void);

/* Makes the connection. */
void port_sync (void);

/* Opens a stream that adds what happens to it to port_told. */
guint32 port_open_stream (const char *name);

/* Runs the main context until EXPECTED has been reported, and forgets it. */
void port_assert_seen (const char *expected);

/* Asserts that the port has failed because of WHY, and that nothing else was reported. */
void port_assert_failed (const char *why);
