// SPDX-License-Identifier: GPL-2.0-or-later
/* For fixtures: a cache of templates in a temporary directory, and templates in it that look like
 * real ones from outside. Functions that template-worker.h uses too end the process if they fail,
 * because libcheck's assertions work only in tests. */
#pragma once

#include "template/template-store.h"

/* The directory of the cache, which exists and has mode 0700; the cache in it, opened with the
 * default limits; and the digest of the variant "a". */
extern char *cache_path;
extern VqTemplateStore *cache_store;
extern char *cache_digest_a;

/* For a checked fixture. Messages are kept, as messages.h says. The teardown removes the cache with
 * everything in it, and asserts that nothing has leaked. */
void cache_setup (void);
void cache_teardown (void);

/* Opens the cache once more. */
VqTemplateStore *cache_open (void);

/* The key for VARIANT, which is the only fact in it; and its digest. Transfer full. */
VqTemplateKey *cache_make_key (const char *variant);
char *cache_digest (const char *variant);

/* Makes the files of BUILD. Each contains VARIANT, and the memory file has holes. */
void cache_fill (VqTemplateBuild *build, const char *variant);

/* Begins a build for VARIANT. There must be no template for it, and nobody else may be making
 * one. */
VqTemplateBuild *cache_begin_build (VqTemplateStore *store, const char *variant,
                                    VqTemplateWish wish);

/* Makes a template for VARIANT, which is in use. */
VqTemplate *cache_make (VqTemplateStore *store, const char *variant);

/* Makes a template for VARIANT, which is not in use. */
void cache_leave (VqTemplateStore *store, const char *variant);

/* The template for VARIANT, or NULL if there is none. */
VqTemplate *cache_find (VqTemplateStore *store, const char *variant);

/* Fails the test unless the names in the cache are exactly these, in order, with NULL at the
 * end. */
void cache_assert_names (const char *first, ...) G_GNUC_NULL_TERMINATED;

/* The path in the cache of the name that FORMAT gives. Transfer full. */
char *cache_join (const char *format, ...) G_GNUC_PRINTF (1, 2);
