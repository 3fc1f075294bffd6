// SPDX-License-Identifier: GPL-2.0-or-later
/* Who reads what a verb prints while it goes on, for example `head' at the other end of a pipe. */

#pragma once

#include <glib.h>

#include "base/cancel.h"

typedef struct _VqVerbReader VqVerbReader;

/* Watches our stdout: CANCEL is triggered as soon as nobody can read it any more, even if we print
 * nothing. CANCEL must outlive the result. */
VqVerbReader *vq_verb_reader_new (VqCancel *cancel);
void vq_verb_reader_free (VqVerbReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqVerbReader, vq_verb_reader_free)

/* Makes the reader see what was printed until now. If that fails, CANCEL is triggered. */
void vq_verb_reader_flush (VqVerbReader *reader);
