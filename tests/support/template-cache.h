// SPDX-License-Identifier: GPL-2.0-or-later
/* For fixtures: a cache of templates in a temporary directory, and templates in it that look like
 * real ones from outside. What is used by template-worker.h, too, ends the process when it fails:
 * check's own assertions work in tests only. */
#pragma once

#include "template/template-store.h"

/* The directory of the cache, which is there, with mode 0700. */
extern char *cache_path;

void cache_begin (void);

/* Removes it with all that is in it. */
void cache_end (void);

/* Opens it with the default limits. */
VqTemplateStore *cache_open (void);

/* The key for VARIANT, which is all that it depends on, and its digest (transfer full). */
VqTemplateKey *cache_make_key (const char *variant);
char *cache_digest (const char *variant);

/* Makes the build's files; the memory has holes. Each holds VARIANT. */
void cache_fill (VqTemplateBuild *build, const char *variant);

/* Begins a build for VARIANT, when there is no template and nobody else builds one. */
VqTemplateBuild *cache_begin_build (VqTemplateStore *store, const char *variant,
                                    VqTemplateWish wish);

/* Makes a template for VARIANT, and uses it. */
VqTemplate *cache_make (VqTemplateStore *store, const char *variant);

/* Makes a template for VARIANT that nobody uses. */
void cache_leave (VqTemplateStore *store, const char *variant);

/* The template for VARIANT; NULL if there is none. */
VqTemplate *cache_find (VqTemplateStore *store, const char *variant);

/* Fails the test unless the names in the cache are these, in order; NULL at the end. */
void cache_assert_names (const char *first, ...) G_GNUC_NULL_TERMINATED;

/* The path of what FORMAT gives, in the cache. Transfer full. */
char *cache_join (const char *format, ...) G_GNUC_PRINTF (1, 2);
