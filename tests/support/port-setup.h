// SPDX-License-Identifier: GPL-2.0-or-later
/* A port to the guest helper with a fake guest behind it, for the tests of both. */
#pragma once

#include "base/error.h"
#include "fake-guest.h"
#include "helper/helper-port.h"

#define PATIENCE 30 /* seconds; for things that take none */
#define SHORT 0.3   /* seconds; for things that never come */

extern FakeGuest *port_guest;
extern VqHelperPort *port_tested;

/* What the port told, in short: "[REASON]" of its failure, "NAME:TYPE" for a frame of a stream (and
 * what stdout holds), "NAME failed". */
extern GString *port_told;

/* For a checked fixture. What is done between them must not leak. */
void port_setup (void);
void port_teardown (void);

/* Both, for tests that do the same more than once. */
void port_start_again (void);

/* Makes the connection. */
void port_sync (void);

/* Opens a stream that writes down what becomes of it. */
guint32 port_open_stream (const char *name);

/* Runs the context until so much was told, and forgets it. */
void port_assert_seen (const char *expected);

/* The port has failed for WHY, and nothing else was told. */
void port_assert_failed (const char *why);
