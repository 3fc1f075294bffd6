// SPDX-License-Identifier: GPL-2.0-or-later
/* The command lines of the verbs that are about instances by name: "stop --timeout=5 web". */
#pragma once

#include "client/instance-life.h"
#include "verb/verb-error.h"

/* Which options a verb has, besides --help and --format. */
typedef enum
{
  VQ_INSTANCE_REQUEST_TIMEOUT = 1 << 0,   /* --timeout=SECONDS */
  VQ_INSTANCE_REQUEST_FORCE = 1 << 1,     /* --force */
  VQ_INSTANCE_REQUEST_NO_WAIT = 1 << 2,   /* --no-wait */
  VQ_INSTANCE_REQUEST_FOR = 1 << 3,       /* --for=ready|stopped */
  VQ_INSTANCE_REQUEST_FOLLOW = 1 << 4,    /* --follow */
  VQ_INSTANCE_REQUEST_LEASE = 1 << 5,     /* --lease=TIME */
  VQ_INSTANCE_REQUEST_OWNER = 3 << 6,     /* --owner-pid=PID and --owner-fd=N */
  VQ_INSTANCE_REQUEST_EPHEMERAL = 1 << 8, /* --ephemeral */
  VQ_INSTANCE_REQUEST_TARGETS = 1 << 9,   /* --targets=FILE: more names */
} VqInstanceRequestOptions;

typedef struct
{
  char **names;  /* the positional arguments */
  gboolean json; /* --format=json */
  gboolean bare; /* --format=names */
  int timeout;   /* seconds; 30 if it is not given */
  gboolean force;
  gboolean no_wait;
  gboolean stopped; /* --for=stopped */
  gboolean follow;
  gboolean ephemeral;
  VqInstanceLife life;
  gboolean help; /* print the help and ignore the rest */
} VqInstanceRequest;

/* Parses ARGUMENTS (with NULL at the end). There must be from MIN_NAMES to MAX_NAMES names. Every
 * error is VQ_ERROR_USAGE, unless a file cannot be read; then, too, REQUEST tells whether the user
 * wants JSON. */
gboolean vq_instance_request_parse (VqInstanceRequest *request, const char *const *arguments,
                                    VqInstanceRequestOptions options, guint min_names,
                                    guint max_names, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void vq_instance_request_clear (VqInstanceRequest *request);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (VqInstanceRequest, vq_instance_request_clear)

/* A verb that does one thing for the whole command line. */
typedef struct
{
  VqInstanceRequestOptions options;
  guint min_names, max_names;
  const char *help; /* what --help prints */
  const char *how;  /* the command that prints it */
  gboolean (*act) (const VqInstanceRequest *request, GError **error);
} VqInstanceRequestVerb;

/* Parses ARGUMENTS and does what VERB does, or prints its help. Errors are reported. */
VqVerbStatus vq_instance_request_run (const VqInstanceRequestVerb *verb,
                                      const char *const *arguments);
