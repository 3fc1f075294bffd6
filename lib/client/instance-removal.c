// SPDX-License-Identifier: GPL-2.0-or-later
#include "client/instance-removal.h"

#include "base/error.h"
#include "instance/control-client.h"

/* An ephemeral one is removed by its supervisor. */
static gboolean
forgive_missing (GError *why, GError **error)
{
  if (!vq_error_is_missing (why))
    {
      g_propagate_error (error, why);
      return FALSE;
    }
  g_error_free (why);
  return TRUE;
}

gboolean
vq_instance_removal_stopped (VqInstance *instance, GError **error)
{
  GError *why = NULL;

  return vq_instance_lock (instance, &why) ? vq_instance_remove (instance, error)
                                           : forgive_missing (why, error);
}

/* A supervisor that does not answer is just ending, or was killed, or the lock tells that it runs.
 */
gboolean
vq_instance_removal_force (VqInstance *instance, GError **error)
{
  const char *const words[] = { "stop", "-1", NULL };
  g_auto (GStrv) reply = NULL;
  GError *why = NULL;

  if (vq_instance_is_running (instance))
    reply = vq_control_client_call (instance, words, NULL, NULL);
  return vq_instance_lock_soon (instance, NULL, &why) ? vq_instance_remove (instance, error)
                                                      : forgive_missing (why, error);
}
