// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/ssh-access.h"

#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "ssh/ssh-client.h"

gboolean
vq_ssh_access_prepare (const VqPlan *plan, const char *directory, VqSshLogin *login, char **seed,
                       gint64 deadline, VqCancel *cancel, GError **error)
{
  const VqOptions *options = plan->options;

  *seed = NULL;
  if (plan->cloud_seed)
    {
      *seed = vq_ssh_client_make_seed (directory, login, deadline, cancel, error);
      return *seed != NULL;
    }
  if (options->ssh_user == NULL && plan->ssh_key == NULL && options->channel != VQ_CHANNEL_SSH)
    return TRUE;
  login->user = g_strdup (options->ssh_user != NULL ? options->ssh_user : "root");
  login->password = g_strdup (options->password);
  login->key = g_strdup (plan->ssh_key);
  return TRUE;
}
