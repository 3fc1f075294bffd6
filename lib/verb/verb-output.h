// SPDX-License-Identifier: GPL-2.0-or-later
/* What a verb of virt-qemu prints on stdout. In JSON an object always has the same members (what is
 * not known is null), sizes are numbers of bytes, and times are as in RFC 3339. A failure to write
 * is noticed when the program ends. */
#pragma once

#include <json-glib/json-glib.h>

void vq_verb_output_text (const char *format, ...) G_GNUC_PRINTF (1, 2);

/* Reads the value of --format: *JSON is TRUE for "json" and FALSE for PLAIN ("text", "names"). */
gboolean vq_verb_output_read_format (const char *value, const char *plain, gboolean *json,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* How a list is printed. */
typedef enum
{
  VQ_VERB_LIST_TABLE,
  VQ_VERB_LIST_JSON,
  VQ_VERB_LIST_NAMES,
} VqVerbListFormat;

/* Reads the value of --format for a list: table, json or names. */
gboolean vq_verb_output_read_list_format (const char *value, VqVerbListFormat *format,
                                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Makes the reader see what was printed until now. */
void vq_verb_output_flush (void);

/* Whether all that was printed could be written. To be called once, at the end. */
gboolean vq_verb_output_finish (void);

/* Whether nobody reads stdout any more, as after "| head". */
gboolean vq_verb_output_has_lost_reader (void);

/* Prints what BUILDER has built, and a newline. */
void vq_verb_output_json (JsonBuilder *builder);

/* The same on one line, for a stream of objects. */
void vq_verb_output_json_line (JsonBuilder *builder);

/* TIME, in microseconds of real time, as in RFC 3339. NULL if there is no such time. Transfer
 * full. */
char *vq_verb_output_format_time (gint64 time);

/* Add a member to the object that is being built. A SIZE that is negative is not known. VALUE may
 * be NULL, and need not be UTF-8: bytes that are not become U+FFFD. TIME is in microseconds of real
 * time. */
void vq_verb_output_add_string (JsonBuilder *builder, const char *name, const char *value);
void vq_verb_output_add_int (JsonBuilder *builder, const char *name, gint64 value);
void vq_verb_output_add_size (JsonBuilder *builder, const char *name, gint64 size);
void vq_verb_output_add_time (JsonBuilder *builder, const char *name, gint64 time);
