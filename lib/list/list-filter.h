// SPDX-License-Identifier: GPL-2.0-or-later
/* Which instances a list shows. All that is given must hold. */
#pragma once

#include <json-glib/json-glib.h>

/* The values of the options; NULL: not given. */
typedef struct
{
  char *owner; /* this and the next are the whole text */
  char *desc;
  char *os_type;
  char *os_version;
  char *machine_type;
  char *status;         /* "up" or "down" */
  char *locked;         /* "true" or "false" */
  GRegex *desc_pattern; /* in the description */
  JsonNode *query;      /* an object that is a part of the instance's: see below */
} VqListFilter;

void vq_list_filter_clear (VqListFilter *filter);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (VqListFilter, vq_list_filter_clear)

/* Sets what the option OPTION ("owner", "desc-pattern", "json-query", ...) says. VQ_ERROR_USAGE if
 * VALUE is none for it. The value of json-query is JSON, or the path of a file with JSON. */
gboolean vq_list_filter_set (VqListFilter *filter, const char *option, const char *value,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Whether ROW (instance-row.h) is to be shown. A query matches if each of its members is in ROW
 * with the same value; where both values are objects, that holds for their members. */
gboolean vq_list_filter_matches (const VqListFilter *filter, JsonObject *row);
