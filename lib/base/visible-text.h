// SPDX-License-Identifier: GPL-2.0-or-later
/* Makes a stream of text from the guest safe for the user's terminal, and for logs, which end on a
 * terminal too: what could steer it is shown instead.
 *
 *   end of a line, tab    as they are; carriage returns at both ends of a line are left out
 *   control character     as cat -v shows it: ^[ for ESC, ^M for a carriage return within a line
 *   other invisible ones  <U+202E>
 *   invalid UTF-8         <FF>
 *   colours (ESC [...m)   left out, because the output of every boot is full of them */
#pragma once

#include <glib.h>

typedef struct _VqVisibleText VqVisibleText;

VqVisibleText *vq_visible_text_new (void);
void vq_visible_text_free (VqVisibleText *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqVisibleText, vq_visible_text_free)

/* Appends to TO what N BYTES show. A few bytes at the end are held back if what follows them
 * decides how they are shown. */
void vq_visible_text_add (VqVisibleText *self, const char *bytes, gsize n, GString *to);

/* Appends what is held back. */
void vq_visible_text_end (VqVisibleText *self, GString *to);
