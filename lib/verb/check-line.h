// SPDX-License-Identifier: GPL-2.0-or-later
/* One line of "virt-qemu check": what was found out about the host. */
#pragma once

#include <glib.h>

typedef enum
{
  VQ_CHECK_OK,
  VQ_CHECK_WARNING, /* testbeds work, but slowly, or not all of them */
  VQ_CHECK_ERROR,   /* no testbed can be opened */
} VqCheckState;

typedef struct
{
  const char *name; /* static */
  VqCheckState state;
  char *found;   /* owned */
  char *advice;  /* owned; what to do, or NULL */
  guint64 bytes; /* of the room or memory that was found; 0: the line is not about that */
} VqCheckLine;

/* An array that frees its lines. */
GPtrArray *vq_check_line_new_array (void);

/* Adds a line to LINES. ADVICE, which may be NULL, is copied. The result belongs to LINES. */
VqCheckLine *vq_check_line_add (GPtrArray *lines, const char *name, VqCheckState state,
                                const char *advice, const char *format, ...) G_GNUC_PRINTF (5, 6);

/* Adds a line with the message of ERROR, which has the form "what was found: what to do". */
void vq_check_line_add_error (GPtrArray *lines, const char *name, VqCheckState state,
                              const GError *error);

/* "ok", "warning" or "error". */
const char *vq_check_line_get_state (const VqCheckLine *line);
