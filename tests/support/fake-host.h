// SPDX-License-Identifier: GPL-2.0-or-later
/* The server's end of the guest helper's port, for tests of the helper: it sends what it is told
 * to, right or wrong, and checks what it gets against the rules of helper-wire.h. It blocks, for
 * a minute at most. */
#pragma once

#include <glib.h>

#include "helper/helper-wire.h"

typedef struct _FakeHost FakeHost;

/* What came for a stream. */
typedef struct
{
  GString *out, *err;    /* owned */
  gsize uncredited[2];   /* bytes of them that are not credited yet */
  gboolean hold_credit;  /* set by the test: they are not to be */
  gsize stdin_credit;    /* all that ever came */
  guint n_stdin_credits; /* frames */
  gboolean stdin_closed;
  guint8 end; /* VQ_HELPER_EXITED, _SIGNALLED, _NOT_STARTED, _DONE; 0: not yet */
  guint32 value;
  char *text; /* owned; with _NOT_STARTED */
} HostStream;

/* Starts a helper. */
FakeHost *fake_host_new (void);
/* The same, but its socket takes less than a frame at once. */
FakeHost *fake_host_new_narrow (void);
/* For FD, which is taken over; its helper is somebody else's. */
FakeHost *fake_host_new_for_fd (int fd);

/* The helper's process. */
GPid fake_host_pid (FakeHost *host);

/* Hangs up, waits for the helper, if it is ours, and asserts that it exits with STATUS. */
void fake_host_free (FakeHost *host, int status);

/* Sends bytes and frames. */
void fake_host_send_raw (FakeHost *host, const void *bytes, gsize n);
void fake_host_send (FakeHost *host, guint8 type, guint32 stream, const void *payload, gsize n);
void fake_host_send_u32 (FakeHost *host, guint8 type, guint32 stream, guint32 value);
void fake_host_send_padding (FakeHost *host);

/* Waits until the helper has read all that was sent. */
void fake_host_settle (FakeHost *host);

/* From now on there may come the reply to a HELLO with a nonce of 16 times NONCE. All streams are
 * forgotten if it is another nonce than before. */
void fake_host_expect_reply (FakeHost *host, char nonce);
/* Sends that HELLO, and nothing else. */
void fake_host_send_hello (FakeHost *host, char nonce);
/* Waits for its reply, and returns the helper's process. */
guint32 fake_host_wait_for_reply (FakeHost *host);
/* Padding, HELLO, and the reply. */
guint32 fake_host_hello (FakeHost *host, char nonce);

/* Sends RUN with words, in frames of at most PART bytes, 0: the largest. */
void fake_host_run_words (FakeHost *host, guint32 stream, GString *words, gsize part);
/* RUN with the words given, NULL at the end, each with its letter: "aecho", "ahello". */
void fake_host_run (FakeHost *host, guint32 stream, ...) G_GNUC_NULL_TERMINATED;
/* RUN of sh -c SCRIPT. */
void fake_host_shell (FakeHost *host, guint32 stream, const char *script);

/* Sends N bytes of stdin in frames, as credit allows. */
void fake_host_send_stdin (FakeHost *host, guint32 stream, const void *bytes, gsize n);
void fake_host_end_stdin (FakeHost *host, guint32 stream);

/* What came for STREAM so far; the host's. */
HostStream *fake_host_stream (FakeHost *host, guint32 stream);

/* Gives all the credit that is held back, and holds back no more. */
void fake_host_release (FakeHost *host, guint32 stream);

/* Takes one frame. FALSE if the connection is at its end. */
gboolean fake_host_step (FakeHost *host);
/* Takes frames until the stream has ended, and asserts how. */
HostStream *fake_host_wait (FakeHost *host, guint32 stream);
void fake_host_assert_end (FakeHost *host, guint32 stream, guint8 end, guint32 value);
/* Takes frames until the stream's stdout has TEXT in it. */
void fake_host_wait_for_text (FakeHost *host, guint32 stream, const char *text);

/* What FATAL said, "" if it has not come. */
const char *fake_host_get_fatal (FakeHost *host);
/* Takes frames until FATAL, and its end. Returns its text; free it. */
char *fake_host_wait_for_fatal (FakeHost *host);
