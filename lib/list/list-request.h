// SPDX-License-Identifier: GPL-2.0-or-later
/* The command line of virt-qemu list. */
#pragma once

#include "list/list-filter.h"
#include "list/list-output.h"

typedef struct
{
  GPtrArray *names; /* of the instances to show; empty: all, unless TARGETS */
  gboolean targets; /* only those that a file of targets has; it may have none */
  VqListFilter filter;
  VqListFormat format;
  gboolean help; /* print the help and ignore the rest */
} VqListRequest;

/* Parses ARGUMENTS (with NULL at the end). Errors are VQ_ERROR_USAGE, unless a file cannot be read.
 * REQUEST is to be cleared in any case. */
gboolean vq_list_request_parse (VqListRequest *request, const char *const *arguments,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;
void vq_list_request_clear (VqListRequest *request);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (VqListRequest, vq_list_request_clear)

/* What --help prints. */
extern const char vq_list_request_help[];
