// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/ssh-access.h"

#include <string.h>
#include <unistd.h>

#include "seed/seed.h"
#include "ssh/ssh-client.h"

/* A seed that was made for this disk before stays: with another one, cloud-init would do all its
 * work again. */
static gboolean
prepare_seed (const VqPlan *plan, const char *directory, char **seed, gint64 deadline,
              VqCancel *cancel, GError **error)
{
  g_autofree char *path = g_build_filename (directory, VQ_SEED_IMAGE, NULL);

  if (access (path, F_OK) != 0
      && !vq_ssh_client_make_seed (directory, plan->seed, plan->cloud_seed, deadline, cancel,
                                   error))
    return FALSE;
  *seed = g_steal_pointer (&path);
  return TRUE;
}

/* The guest's host key is not known if the user's own data sets it. */
static gboolean
take_seed_login (const char *directory, VqSshLogin *login, GError **error)
{
  g_autofree char *key = g_build_filename (directory, VQ_SEED_LOGIN_KEY, NULL);
  g_autofree char *host_key = g_build_filename (directory, VQ_SEED_HOST_KEY, NULL);

  login->user = g_strdup ("root");
  return g_file_get_contents (key, &login->key, NULL, error)
         && (access (host_key, F_OK) != 0
             || g_file_get_contents (host_key, &login->host_key, NULL, error));
}

gboolean
vq_ssh_access_prepare (const VqPlan *plan, const char *directory, VqSshLogin *login, char **seed,
                       gint64 deadline, VqCancel *cancel, GError **error)
{
  const VqOptions *options = plan->options;

  *seed = NULL;
  if ((plan->cloud_seed || plan->seed != NULL)
      && !prepare_seed (plan, directory, seed, deadline, cancel, error))
    return FALSE;
  if (plan->cloud_seed)
    return take_seed_login (directory, login, error);
  if (options->ssh_user == NULL && plan->ssh_key == NULL && options->channel != VQ_CHANNEL_SSH)
    return TRUE;
  login->user = g_strdup (options->ssh_user != NULL ? options->ssh_user : "root");
  login->password = g_strdup (options->password);
  login->key = g_strdup (plan->ssh_key);
  return TRUE;
}
