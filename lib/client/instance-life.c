// SPDX-License-Identifier: GPL-2.0-or-later
#include "client/instance-life.h"

#include <string.h>

#include "base/arguments.h"
#include "base/units.h"

gboolean
vq_instance_life_take (VqInstanceLife *life, const char *option, const char *value, GError **error)
{
  guint64 seconds;
  int number;

  if (strcmp (option, "lease") == 0)
    {
      if (!vq_units_parse_age (value, &seconds, error))
        return FALSE;
      life->lease = seconds;
      return TRUE;
    }
  if (!vq_arguments_parse_int (value, 1, G_MAXINT, &number, error))
    return FALSE;
  return strcmp (option, "owner-pid") == 0
             ? vq_instance_owner_set_process (&life->owner, number, error)
             : vq_instance_owner_set_peer (&life->owner, number, error);
}

gboolean
vq_instance_life_write (const VqInstanceLife *life, VqInstance *instance, GError **error)
{
  VqInstanceRecord *record = vq_instance_get_record (instance);

  if (life->lease < 0 || life->lease == record->lease)
    return TRUE;
  record->lease = life->lease;
  return vq_instance_record_write (record, vq_instance_get_dir (instance), error);
}
