// SPDX-License-Identifier: GPL-2.0-or-later
/* "virt-qemu template list": shows templates in one of three formats. */
#pragma once

#include <glib.h>

#include "template/template-limits.h"

typedef enum
{
  VQ_TEMPLATE_LIST_TABLE, /* for people */
  VQ_TEMPLATE_LIST_JSON,  /* an array of objects */
  VQ_TEMPLATE_LIST_NAMES, /* a line with the whole name of each, for "remove" */
} VqTemplateListFormat;

/* Prints ENTRIES (VqTemplateEntry), the last one first. LIMITS say which of them have expired. */
void vq_template_list_print (GPtrArray *entries, const VqTemplateLimits *limits,
                             VqTemplateListFormat format);
