// SPDX-License-Identifier: GPL-2.0-or-later
/* The command lines of virt-qemu lock, unlock and update. */
#pragma once

#include "client/instance-life.h"
#include "list/list-output.h"

typedef enum
{
  VQ_LOCK_REQUEST_LOCK = 1 << 0,
  VQ_LOCK_REQUEST_UNLOCK = 1 << 1,
  VQ_LOCK_REQUEST_UPDATE = 1 << 2,
} VqLockRequestVerb;

/* A text that is not given is NULL. */
typedef struct
{
  GPtrArray *names; /* of instances */
  int count;        /* of machines; at least the number of names */
  char *machine_type;
  char *os_type;
  char *os_version;
  char *image;
  char *owner;
  char *desc;
  char *status; /* "up" or "down" */
  VqInstanceLife life;
  VqListFormat format; /* targets, json or names */
  gboolean force;
  gboolean keep_going; /* after an error, with the next name */
  gboolean help;       /* print the help and ignore the rest */
} VqLockRequest;

/* Parses ARGUMENTS (with NULL at the end) of VERB. Errors are VQ_ERROR_USAGE, unless a file cannot
 * be read. REQUEST is to be cleared in any case. */
gboolean vq_lock_request_parse (VqLockRequest *request, const char *const *arguments,
                                VqLockRequestVerb verb, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void vq_lock_request_clear (VqLockRequest *request);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (VqLockRequest, vq_lock_request_clear)

/* What --help prints. */
const char *vq_lock_request_get_help (VqLockRequestVerb verb);
