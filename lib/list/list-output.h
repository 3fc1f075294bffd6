// SPDX-License-Identifier: GPL-2.0-or-later
/* How instances are printed. ROWS are of JsonNode (instance-row.h). */
#pragma once

#include <json-glib/json-glib.h>

typedef enum
{
  VQ_LIST_TABLE,
  VQ_LIST_JSON,
  VQ_LIST_NAMES,
  VQ_LIST_BRIEF,   /* who has locked what, and what for */
  VQ_LIST_SUMMARY, /* how many there are of each type of machine and owner */
  VQ_LIST_TARGETS, /* YAML: a mapping from each user and host to the host key */
} VqListFormat;

void vq_list_output_print (const GPtrArray *rows, VqListFormat format);

/* The facts about one instance, a line for each. */
void vq_list_output_print_facts (JsonNode *row);
