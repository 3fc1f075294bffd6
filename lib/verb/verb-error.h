// SPDX-License-Identifier: GPL-2.0-or-later
/* How a verb of virt-qemu ends: its exit status, and what it says when it has failed. Scripts rely
 * on the numbers and the words, so they must not change. */
#pragma once

#include <glib.h>

typedef enum
{
  VQ_VERB_OK,
  VQ_VERB_FAILED,
  VQ_VERB_USAGE,       /* the command line is wrong */
  VQ_VERB_MISSING,     /* there is no such thing */
  VQ_VERB_BUSY,        /* it is in use, or in a state in which this cannot be done */
  VQ_VERB_NO_CAPACITY, /* the host has no room for it now; the caller may try again */
  VQ_VERB_LIMIT,       /* a deadline passed, or a limit was reached */
  VQ_VERB_EXISTS,      /* it exists already */
  /* A verb that runs a command in a machine may give any other status, which is the command's. */
} VqVerbStatus;

/* The status for ERROR. */
VqVerbStatus vq_verb_error_get_status (const GError *error);

/* The word for STATUS in JSON: "failed", "usage", "missing", ... */
const char *vq_verb_error_get_word (VqVerbStatus status);

/* Whether --format=json is among ARGUMENTS (with NULL at the end), so that also an error in those
 * before it is told in JSON. */
gboolean vq_verb_error_wants_json (const char *const *arguments);

/* Tells ERROR to the user, as one line on stderr. If it is about the command line, another line
 * names HELP, the command that shows how it should be ("virt-qemu template --help"). If the user
 * wants JSON, stdout gets {"error":{"code","message","hint"}} too; the hint is null if the message
 * says all. Returns the status for ERROR. */
VqVerbStatus vq_verb_error_report (const GError *error, const char *help, gboolean json);
