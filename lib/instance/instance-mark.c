// SPDX-License-Identifier: GPL-2.0-or-later
#include "instance/instance-mark.h"

#include <string.h>

#include "base/error.h"
#include "instance/control-text.h"

gboolean
vq_instance_mark (VqInstance *instance, const char *const *words, GError **error)
{
  VqInstanceRecord *record = vq_instance_get_record (instance);
  const char *status = vq_control_text_find (words, "status");
  const char *description = vq_control_text_find (words, "description");

  if (status == NULL && description == NULL)
    return vq_error_set (error, VQ_ERROR_USAGE, "what is to be noted?");
  if (status != NULL && strcmp (status, "up") != 0 && strcmp (status, "down") != 0)
    return vq_error_set (error, VQ_ERROR_USAGE, "\"%s\" is not up or down", status);
  if (status != NULL)
    record->down = strcmp (status, "down") == 0;
  if (description != NULL)
    vq_instance_record_set_text (&record->description, description);
  return vq_instance_record_write (record, vq_instance_get_dir (instance), error);
}
