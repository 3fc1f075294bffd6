// SPDX-License-Identifier: GPL-2.0-or-later
/* A fake guest helper at the other end of the port. It runs in our own main context. It answers
 * HELLO by itself; everything else is sent by the test, and what it receives waits until the test
 * expects it. All failures fail the test. */
#pragma once

#include <glib.h>

#include "helper/helper-wire.h"

typedef struct _FakeGuest FakeGuest;

/* *FD is the server's end of a socket pair, and belongs to the caller. */
FakeGuest *fake_guest_new (int *fd);

/* Fails the test if a frame has come that was not expected. */
void fake_guest_free (FakeGuest *guest);

/* Says whether HELLO and RESUME are answered from now on; at first they are. */
void fake_guest_answer_hello (FakeGuest *guest, gboolean answer);

/* Sets the version in HELLO_REPLY. */
void fake_guest_set_version (FakeGuest *guest, guint32 version);

/* How many HELLO have come, and the nonce of the last one. */
guint fake_guest_count_hellos (FakeGuest *guest);
const guint8 *fake_guest_get_nonce (FakeGuest *guest);

/* How many bytes of padding have come. */
gsize fake_guest_count_padding (FakeGuest *guest);

/* The next frame of type REQUEST is not kept, but answered with this frame for the same stream.
 * Works once. */
void fake_guest_answer (FakeGuest *guest, guint8 request, guint8 type, guint32 number);

/* Runs the main context until a frame has come, and asserts that it is of TYPE with exactly these N
 * bytes. Returns its stream. */
guint32 fake_guest_expect (FakeGuest *guest, guint8 type, const void *payload, gsize n);
guint32 fake_guest_expect_u32 (FakeGuest *guest, guint8 type, guint32 number);

/* The same for any payload, and returns the payload. Transfer full. */
GBytes *fake_guest_take (FakeGuest *guest, guint8 type, guint32 *stream);

/* Asserts that no unexpected frame has come. */
void fake_guest_assert_quiet (FakeGuest *guest);

/* Throws away the frames that wait, and all that come from now on. */
void fake_guest_ignore (FakeGuest *guest);

/* These send at once, and fail if the socket has no room. */
void fake_guest_send (FakeGuest *guest, guint8 type, guint32 stream, const void *payload, gsize n);
void fake_guest_send_u32 (FakeGuest *guest, guint8 type, guint32 stream, guint32 number);
void fake_guest_send_bytes (FakeGuest *guest, const void *bytes, gsize n);
void fake_guest_send_reply (FakeGuest *guest, const guint8 *nonce);

/* The same, but only the first CUT bytes are sent; the rest has been lost. */
void fake_guest_send_cut (FakeGuest *guest, guint8 type, guint32 stream, const void *payload,
                          gsize n, gsize cut);

/* Makes a frame, and does not send it. Transfer full. */
GByteArray *fake_guest_make (FakeGuest *guest, guint8 type, guint32 stream, const void *payload,
                             gsize n);

/* Sends that answer to a RESUME. */
void fake_guest_send_resumed (FakeGuest *guest, guint32 number, guint32 position);

/* After N more bytes, drops all that comes until there is a RESUME. */
void fake_guest_fall_asleep (FakeGuest *guest, gsize n);
guint fake_guest_count_resumes (FakeGuest *guest);

/* The guest acknowledges nothing from now on, but by the second. */
void fake_guest_hold_acks (FakeGuest *guest);
void fake_guest_acknowledge (FakeGuest *guest, guint32 position);

/* Up to which position frames have come. */
guint32 fake_guest_get_position (FakeGuest *guest);

/* Runs the main context until the server has read everything that was sent. */
void fake_guest_flush (FakeGuest *guest);

/* Whether something has come that was not read yet. */
gboolean fake_guest_has_input (FakeGuest *guest);

/* Says whether QEMU is stuck, so that it takes nothing from the server. */
void fake_guest_set_stuck (FakeGuest *guest, gboolean stuck);

/* Closes the connection, as if QEMU had ended. */
void fake_guest_hang_up (FakeGuest *guest);
