// SPDX-License-Identifier: GPL-2.0-or-later
/* Fuzz targets. Each is a file fuzz_NAME.c that gives the bytes of somebody who may be hostile to
 * what reads them:
 *
 *   FUZZ (disk_layout)
 *   {
 *     vq_disk_layout_parse (bytes, n);
 *   }
 *
 * "make fuzz" makes a program of each, in which libFuzzer thinks of the bytes. In check_fuzz, which
 * is a part of "make check", each is a test: it gets the files in corpus/NAME/, and each of them
 * cut short. Input that has ever found a fault is one of these files.
 *
 * Something is found if the program crashes, if a sanitizer or an assertion of the target fails, or
 * if GLib logs something critical. */
#pragma once

#include <glib.h>

#include "suite.h"

typedef void (*FuzzTarget) (const guint8 *bytes, gsize n);

#ifdef VQ_LIBFUZZER
#define FUZZ_PROGRAM(NAME)                                                                         \
  int LLVMFuzzerTestOneInput (const guint8 *bytes, size_t n);                                      \
  int LLVMFuzzerTestOneInput (const guint8 *bytes, size_t n)                                       \
  {                                                                                                \
    fuzz (bytes, n);                                                                               \
    return 0;                                                                                      \
  }
#else
#define FUZZ_PROGRAM(NAME)                                                                         \
  CASE (#NAME, NULL, NULL, 300)                                                                    \
  TEST (corpus_of_##NAME)                                                                          \
  {                                                                                                \
    fuzz_replay (#NAME, fuzz);                                                                     \
  }
#endif

#define FUZZ(NAME)                                                                                 \
  static void fuzz (const guint8 *bytes, gsize n);                                                 \
  FUZZ_PROGRAM (NAME)                                                                              \
  static void fuzz (const guint8 *bytes, gsize n)

/* Runs TARGET on the corpus of NAME. */
void fuzz_replay (const char *name, FuzzTarget target);

/* From now on what is critical to GLib ends the process, and what is less than that is not shown.
 */
void fuzz_begin (void);

/* The bytes as a string, which ends at the first NUL. Transfer full. */
char *fuzz_text (const guint8 *bytes, gsize n);

/* Asserts that a function that has said GOOD has set no *ERROR, or else one with a message. */
void fuzz_assert_told (gboolean good, GError *const *error);

/* The path of a private directory in memory, which is removed at the end, and of a file in it that
 * has the bytes. */
const char *fuzz_directory (void);
const char *fuzz_file (const char *name, const guint8 *bytes, gsize n);

/* What one end of the helper's port (helper-wire.h) sends: FIRST, which is HELLO or HELLO_REPLY,
 * with HELLO in it, and then a frame for each piece of the bytes: its type, stream, length, and
 * payload. The trailers are right. */
GByteArray *fuzz_make_frames (const guint8 *bytes, gsize n, guint8 first, const guint8 *hello);

/* A connected socket, from which the bytes (64 KiB at most) can be read, and then its end. What is
 * written to it goes nowhere. It belongs to the caller. */
int fuzz_socket (const guint8 *bytes, gsize n);
