// SPDX-License-Identifier: GPL-2.0-or-later
/* The one error domain of this project, and predicates on it. Messages rise with a prefix
 * (VQ_ERROR_PREFIX) and say what the user can do next. */
#pragma once

#include <glib.h>

typedef enum
{
  VQ_ERROR_FAILED,    /* anything that has no code of its own */
  VQ_ERROR_TIMEOUT,   /* a deadline passed */
  VQ_ERROR_CANCELLED, /* a signal arrived, or the caller went away */
  VQ_ERROR_MACHINE,   /* the virtual machine died or stopped: nothing in it can be reached */
  VQ_ERROR_PEER,      /* a peer (QMP, guest agent, guest) broke its protocol or refused */
  VQ_ERROR_MISSING,   /* a file or directory does not exist; for some callers that is no failure */
  VQ_ERROR_LOCKED,    /* the guest has booted, but no way into it opens */
  VQ_ERROR_USAGE,     /* the user's command line or the caller's protocol line is wrong */
  VQ_ERROR_BUSY,      /* it is in use, or in a state in which this cannot be done */
  VQ_ERROR_EXISTS,    /* there is such a thing already */
  VQ_ERROR_NO_ROOM,   /* the host has too little room now: a full disk, no memory, no descriptors */
} VqErrorCode;

#define VQ_ERROR (vq_error_quark ())

GQuark vq_error_quark (void);

/* True for errors after which the testbed cannot be used any more (VQ_ERROR_MACHINE). */
gboolean vq_error_is_machine (const GError *error);

/* True when a deadline passed. */
gboolean vq_error_is_timeout (const GError *error);

/* True when a signal or the end of the caller stopped the work. */
gboolean vq_error_is_cancelled (const GError *error);

/* True when the guest has booted, but no way into it opens. */
gboolean vq_error_is_locked (const GError *error);

/* True when a file or directory does not exist (VQ_ERROR_MISSING). */
gboolean vq_error_is_missing (const GError *error);

/* True when something failed, and that says nothing of the file that it was for: the host had too
 * little room (VQ_ERROR_NO_ROOM), reading the disk failed (EIO), or the program that did it was
 * killed by SIGKILL (EINTR). */
gboolean vq_error_is_of_host (const GError *error);

/* True when a system call failed with ERRNUM (vq_error_set_errno, vq_error_note_errno). */
gboolean vq_error_is_errno (const GError *error, int errnum);

/* The code that says most about ERROR, which may be of another domain: VQ_ERROR_NO_ROOM if the host
 * had too little room for something, VQ_ERROR_MISSING if a system call did not find a file, else
 * its own, or VQ_ERROR_FAILED. */
VqErrorCode vq_error_get_code (const GError *error);

/* The code for an error of which only the text is known, for example what a child has said:
 * VQ_ERROR_NO_ROOM or VQ_ERROR_FAILED. */
VqErrorCode vq_error_guess_code (const char *text);

/* Sets *ERROR to "WHAT: strerror (ERRNUM)", with a note on the user's limits where they are the
 * reason. The code is VQ_ERROR_NO_ROOM if the host has too little room, else VQ_ERROR_FAILED.
 * Always returns FALSE so that it can be returned. */
gboolean vq_error_set_errno (GError **error, int errnum, const char *format, ...)
    G_GNUC_PRINTF (3, 4);

/* Remembers that ERRNUM is the reason for ERROR, which is one of ours and keeps its code. */
void vq_error_note_errno (GError *error, int errnum);

/* Sets *ERROR in VQ_ERROR; always returns FALSE so that it can be returned. */
gboolean vq_error_set (GError **error, VqErrorCode code, const char *format, ...)
    G_GNUC_PRINTF (3, 4);

/* At the end of the scope, puts "TEXT: " before the error in *ERROR, if there is one. There must be
 * none at the beginning. It is used like a declaration:
 *
 *   VQ_ERROR_PREFIX (error, "cannot use the image %s", path); */
#define VQ_ERROR_PREFIX(error, ...)                                                                \
  __attribute__ ((cleanup (vq_error_prefix_end), unused)) VqErrorPrefix vq_error_prefix            \
      = vq_error_prefix_begin (error, __VA_ARGS__)

/* The parts of that macro. */
typedef struct
{
  GError **error;
  char *text; /* owned */
} VqErrorPrefix;

VqErrorPrefix vq_error_prefix_begin (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);
void vq_error_prefix_end (VqErrorPrefix *prefix);
