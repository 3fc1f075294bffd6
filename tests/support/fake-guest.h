// SPDX-License-Identifier: GPL-2.0-or-later
/* A guest helper that is not there, for tests: the other end of the port. It lives in our own main
 * context. It answers HELLO by itself; all else it says is the test's, and all it hears waits to be
 * expected. Whatever goes wrong fails the test. */
#pragma once

#include <glib.h>

#include "helper/helper-wire.h"

typedef struct _FakeGuest FakeGuest;

/* *FD gets the server's end of a socket pair, which is the caller's. */
FakeGuest *fake_guest_new (int *fd);

/* Fails the test if a frame has come that was not expected. */
void fake_guest_free (FakeGuest *guest);

/* From now on HELLO is answered, as at first, or not. */
void fake_guest_answer_hello (FakeGuest *guest, gboolean answer);

/* HELLO_REPLY will tell this version. */
void fake_guest_set_version (FakeGuest *guest, guint32 version);

/* How many HELLO have come; the nonce of the last one. */
guint fake_guest_count_hellos (FakeGuest *guest);
const guint8 *fake_guest_get_nonce (FakeGuest *guest);

/* Bytes of padding that have come. */
gsize fake_guest_count_padding (FakeGuest *guest);

/* Once, the next frame of type REQUEST is not kept, but answered with this one for its stream. */
void fake_guest_answer (FakeGuest *guest, guint8 request, guint8 type, guint32 number);

/* Runs the context until a frame has come, which must be of TYPE and hold just these N bytes.
 * Returns its stream. */
guint32 fake_guest_expect (FakeGuest *guest, guint8 type, const void *payload, gsize n);
guint32 fake_guest_expect_u32 (FakeGuest *guest, guint8 type, guint32 number);

/* The same for any payload, which is returned. Transfer full. */
GBytes *fake_guest_take (FakeGuest *guest, guint8 type, guint32 *stream);

/* No frame has come that was not expected. */
void fake_guest_assert_quiet (FakeGuest *guest);

/* From now on all frames are thrown away, and those that wait. */
void fake_guest_ignore (FakeGuest *guest);

/* These send at once. Without room in the socket they fail. */
void fake_guest_send (FakeGuest *guest, guint8 type, guint32 stream, const void *payload, gsize n);
void fake_guest_send_u32 (FakeGuest *guest, guint8 type, guint32 stream, guint32 number);
void fake_guest_send_bytes (FakeGuest *guest, const void *bytes, gsize n);
void fake_guest_send_reply (FakeGuest *guest, const guint8 *nonce);

/* Runs the context until the server has read all that was sent. */
void fake_guest_flush (FakeGuest *guest);

/* Something has come that was not looked at yet. */
gboolean fake_guest_has_input (FakeGuest *guest);

/* QEMU takes nothing from the server, or does again. */
void fake_guest_set_stuck (FakeGuest *guest, gboolean stuck);

/* QEMU is gone. */
void fake_guest_hang_up (FakeGuest *guest);
