// SPDX-License-Identifier: GPL-2.0-or-later
/* JSON from peers that are not trusted: parsing with limits, and typed getters. A getter gives the
 * default for a member that is absent, and fails with VQ_ERROR_PEER for one of the wrong type. */
#pragma once

#include <json-glib/json-glib.h>

/* How deeply objects and arrays in a peer's message may be nested. */
#define VQ_JSON_MAX_DEPTH 64

/* How many brackets, commas and colons such a message may have, outside of strings. json-glib needs
 * up to 100 bytes for what one of them separates. */
#define VQ_JSON_MAX_MARKS 20000

/* Parses TEXT, one JSON object. Transfer full. */
JsonNode *vq_json_parse_object (const char *text, gsize length, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

gboolean vq_json_get_int (JsonObject *object, const char *member, gint64 fallback, gint64 *value,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean vq_json_get_bool (JsonObject *object, const char *member, gboolean fallback,
                           gboolean *value, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* *VALUE belongs to OBJECT. FALLBACK may be NULL. */
gboolean vq_json_get_string (JsonObject *object, const char *member, const char *fallback,
                             const char **value, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean vq_json_get_object (JsonObject *object, const char *member, JsonObject **value,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Builds an object from pairs: name, kind, value, ..., NULL, where kind is "s" (const char *),
 * "i" (gint64) or "b" (gboolean as int). Transfer full. */
JsonNode *vq_json_build (const char *first_member, ...) G_GNUC_NULL_TERMINATED;
