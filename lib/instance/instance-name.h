// SPDX-License-Identifier: GPL-2.0-or-later
/* The names of instances. */
#pragma once

#include <glib.h>

/* A name begins with a letter or a digit, has only small letters, digits and "-", and at most 41
 * characters. Otherwise fails with VQ_ERROR_USAGE. */
gboolean vq_instance_name_check (const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A name for an instance that the user has given none: "vq-" and six random letters. Transfer
 * full. */
char *vq_instance_name_make (void);
