// SPDX-License-Identifier: GPL-2.0-or-later
#include "client/lock-owner.h"

#include <string.h>

#include "base/error.h"

char *
vq_lock_owner_get_default (void)
{
  return g_strdup_printf ("%s@%s", g_get_user_name (), g_get_host_name ());
}

gboolean
vq_lock_owner_check (VqInstance *instance, const char *owner, const char *desc, GError **error)
{
  const VqInstanceRecord *record = vq_instance_get_record (instance);
  const char *name = vq_instance_get_name (instance);
  g_autofree char *who = owner != NULL ? g_strdup (owner) : vq_lock_owner_get_default ();

  if (record->locked == 0)
    return vq_error_set (error, VQ_ERROR_BUSY,
                         "the instance \"%s\" is not locked: \"virt-qemu delete\" removes it",
                         name);
  if (strcmp (record->owner, who) != 0)
    return vq_error_set (
        error, VQ_ERROR_BUSY,
        "the instance \"%s\" is locked by %s, not by %s: unlock --force removes it all "
        "the same",
        name, record->owner, who);
  return desc == NULL || strcmp (record->description, desc) == 0
         || vq_error_set (error, VQ_ERROR_BUSY,
                          "the instance \"%s\" is locked with the description \"%s\"", name,
                          record->description);
}

gboolean
vq_lock_owner_check_removal (VqInstance *instance, GError **error)
{
  const VqInstanceRecord *record = vq_instance_get_record (instance);

  if (record == NULL || record->locked == 0)
    return TRUE;
  return vq_lock_owner_check (instance, NULL, NULL, error);
}
