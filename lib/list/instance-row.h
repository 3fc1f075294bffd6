// SPDX-License-Identifier: GPL-2.0-or-later
/* All that is known about an instance, as a JSON object, which the verbs that show instances filter
 * and print. It always has the same members; what is not known is null. */
#pragma once

#include <json-glib/json-glib.h>

#include "instance/instance.h"

/* Looks at the instance NAME in PLACE, and asks its supervisor if it runs. VQ_ERROR_MISSING if
 * there is none, for example because it was removed meanwhile. Transfer full. */
JsonNode *vq_instance_row_read (VqPrivateDir *place, const char *name, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* A member that is a text; NULL if it is null. */
const char *vq_instance_row_get_text (JsonObject *row, const char *member);
