// SPDX-License-Identifier: GPL-2.0-or-later
#include "client/instance-removal.h"

#include "base/error.h"
#include "instance/control-client.h"

/* An ephemeral one is removed by its supervisor. */
gboolean
vq_instance_removal_stopped (VqInstance *instance, GError **error)
{
  g_autoptr (GError) why = NULL;

  if (vq_instance_lock (instance, &why))
    return vq_instance_remove (instance, error);
  if (vq_error_is_missing (why))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&why));
  return FALSE;
}

/* A supervisor that does not answer is just ending, or the lock tells that it runs. */
gboolean
vq_instance_removal_force (VqInstance *instance, GError **error)
{
  const char *const words[] = { "stop", "-1", NULL };
  g_auto (GStrv) reply = NULL;

  if (vq_instance_is_running (instance))
    reply = vq_control_client_call (instance, words, NULL, NULL);
  return vq_instance_removal_stopped (instance, error);
}
