// SPDX-License-Identifier: GPL-2.0-or-later
/* The one error domain of this project, and predicates on it. Messages rise with a prefix
 * (g_prefix_error) and say what the user can do next. */
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
  VQ_ERROR_LOCKED,    /* the guest is up, but lets nobody in */
  VQ_ERROR_USAGE,     /* the user's command line or the caller's protocol line is wrong */
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

/* Sets *ERROR to "PREFIX: strerror (errno)"; always returns FALSE so that it can be returned. */
gboolean vq_error_set_errno (GError **error, int errnum, const char *format, ...)
    G_GNUC_PRINTF (3, 4);

/* Sets *ERROR in VQ_ERROR; always returns FALSE so that it can be returned. */
gboolean vq_error_set (GError **error, VqErrorCode code, const char *format, ...)
    G_GNUC_PRINTF (3, 4);
