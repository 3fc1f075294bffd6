// SPDX-License-Identifier: GPL-2.0-or-later
/* The server's end of the guest helper's port, for tests of the helper. It sends what the test
 * wants, right or wrong, and checks that what it receives follows the rules of helper-wire.h. It
 * blocks, for a minute at most. */
#pragma once

#include <glib.h>

#include "helper/helper-wire.h"

typedef struct _FakeHost FakeHost;

/* What has come for a stream. */
typedef struct
{
  GString *out, *err;    /* owned */
  gsize uncredited[2];   /* how many bytes of out and err are not credited yet */
  gboolean hold_credit;  /* set by the test: they must not be credited */
  gsize stdin_credit;    /* all credit that has come */
  guint n_stdin_credits; /* frames */
  gboolean stdin_closed;
  guint8 end; /* VQ_HELPER_EXITED, _SIGNALLED, _NOT_STARTED, _DONE; 0: not yet */
  guint32 value;
  char *text; /* owned; with _NOT_STARTED */
} HostStream;

/* Starts a helper at the other end. */
FakeHost *fake_host_new (void);
/* The same, but the socket takes less than a frame at once. */
FakeHost *fake_host_new_narrow (void);
/* The same for the socket FD, which is taken over. The helper at its other end belongs to the
 * caller. */
FakeHost *fake_host_new_for_fd (int fd);

/* The helper's process. */
GPid fake_host_pid (FakeHost *host);

/* Hangs up. If we have started the helper, waits for it and asserts that it exits with STATUS. */
void fake_host_free (FakeHost *host, int status);

/* Sends bytes and frames. */
void fake_host_send_raw (FakeHost *host, const void *bytes, gsize n);
void fake_host_send (FakeHost *host, guint8 type, guint32 stream, const void *payload, gsize n);
void fake_host_send_u32 (FakeHost *host, guint8 type, guint32 stream, guint32 value);
void fake_host_send_padding (FakeHost *host);

/* The same, but only the first CUT bytes are sent; the rest has been lost. */
void fake_host_send_cut (FakeHost *host, guint8 type, guint32 stream, const void *payload, gsize n,
                         gsize cut);
/* Makes a frame, and does not send it. Transfer full. */
GByteArray *fake_host_make (FakeHost *host, guint8 type, guint32 stream, const void *payload,
                            gsize n);
/* Waits until the helper has read everything that was sent. */
void fake_host_settle (FakeHost *host);

/* From now on the reply to a HELLO with a nonce of 16 times NONCE may come. If the nonce is another
 * than before, all streams are forgotten. */
void fake_host_expect_reply (FakeHost *host, char nonce);
/* The same, and makes that HELLO. Transfer full. */
GByteArray *fake_host_make_hello (FakeHost *host, char nonce);
/* Sends it, and nothing else. */
void fake_host_send_hello (FakeHost *host, char nonce);
/* Waits for its reply, and returns the helper's process id. */
guint32 fake_host_wait_for_reply (FakeHost *host);
/* Sends padding and HELLO, and waits for the reply. */
guint32 fake_host_hello (FakeHost *host, char nonce);

/* The guest has slept: drops what has come and is not handled yet. Sends padding and RESUME at
 * POSITION, and everything again that the helper has not got. */
void fake_host_send_resume (FakeHost *host, guint32 position);
void fake_host_resume (FakeHost *host);
/* Up to which position frames have been handled. */
guint32 fake_host_get_position (FakeHost *host);

/* Sends RUN with WORDS, in frames of at most PART bytes (0: as large as possible). */
void fake_host_run_words (FakeHost *host, guint32 stream, GString *words, gsize part);
/* Sends RUN with these words, each with its letter ("aecho", "ahello"), and NULL at the end. */
void fake_host_run (FakeHost *host, guint32 stream, ...) G_GNUC_NULL_TERMINATED;
/* Sends RUN for sh -c SCRIPT. */
void fake_host_shell (FakeHost *host, guint32 stream, const char *script);

/* Sends N bytes of stdin in frames, as far as there is credit. */
void fake_host_send_stdin (FakeHost *host, guint32 stream, const void *bytes, gsize n);
void fake_host_end_stdin (FakeHost *host, guint32 stream);

/* What has come for STREAM so far. Belongs to HOST. */
HostStream *fake_host_stream (FakeHost *host, guint32 stream);

/* Sends all credit that is held back, and holds back no more. */
void fake_host_release (FakeHost *host, guint32 stream);

/* Receives one frame. Returns FALSE at the end of the connection. */
gboolean fake_host_step (FakeHost *host);
/* Receive frames until the stream has ended; the second asserts how. */
HostStream *fake_host_wait (FakeHost *host, guint32 stream);
void fake_host_assert_end (FakeHost *host, guint32 stream, guint8 end, guint32 value);
/* Receives frames until the stream's stdout contains TEXT. */
void fake_host_wait_for_text (FakeHost *host, guint32 stream, const char *text);

/* The text of FATAL, or "" if it has not come. */
const char *fake_host_get_fatal (FakeHost *host);
/* Receives frames until FATAL and the end of the connection. Returns the text of FATAL; free it. */
char *fake_host_wait_for_fatal (FakeHost *host);
