// SPDX-License-Identifier: GPL-2.0-or-later
/* Our turn to make the template for a key: only one process at a time makes it, and the others wait
 * for that one. While it works it shows signs of that, in its lock (io/lock-file.h), together with
 * what it does (vq_log_progress). So one that is stopped, or hangs, is not waited for. */
#pragma once

#include <glib.h>

#include "base/wait.h"
#include "io/private-dir.h"

typedef struct _VqTemplateTurn VqTemplateTurn;

/* Waits until it is our turn to make the template for the key DIGEST in CACHE, which must outlive
 * the result. If another process makes it, tells the user what that does, and waits as long as it
 * works, however long that takes. Fails with VQ_ERROR_TIMEOUT if that process has shown no sign for
 * PATIENCE seconds, and for a few seconds at least since we look. */
VqTemplateTurn *vq_template_turn_wait (VqPrivateDir *cache, const char *digest, double patience,
                                       VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Ends it: it is the next one's turn. */
void vq_template_turn_free (VqTemplateTurn *turn);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqTemplateTurn, vq_template_turn_free)
