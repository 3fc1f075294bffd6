// SPDX-License-Identifier: GPL-2.0-or-later
/* How old and how large the cache of templates may become. */
#pragma once

#include <glib.h>

typedef struct
{
  guint64 max_age;  /* seconds; 0: no limit */
  guint64 max_size; /* bytes on disk, of all templates together; 0: no limit */
} VqTemplateLimits;

/* How much must be free on the disk in addition to the memory file of a new template. */
#define VQ_TEMPLATE_SPARE_MIB 256

/* The defaults: a day, and 20 GiB. */
#define VQ_TEMPLATE_MAX_AGE_DEFAULT (24 * 60 * 60)
#define VQ_TEMPLATE_MAX_SIZE_DEFAULT (G_GUINT64_CONSTANT (20) << 30)
