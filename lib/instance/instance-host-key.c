// SPDX-License-Identifier: GPL-2.0-or-later
#include "instance/instance-host-key.h"

#include "guest/guest-identity.h"

#define MAX_LINE (16 * 1024)

gboolean
vq_instance_host_key_start (VqPrivateDir *dir, VqChild **child, GError **error)
{
  g_autofree char *path = vq_private_dir_join (dir, VQ_INSTANCE_HOST_KEY);

  *child = NULL;
  if (g_file_test (path, G_FILE_TEST_EXISTS))
    return TRUE;
  *child = vq_guest_identity_start_key (path, NULL, error);
  return *child != NULL;
}

gboolean
vq_instance_host_key_finish (VqChild *child, VqCancel *cancel, GError **error)
{
  return child == NULL || vq_guest_identity_finish_key (child, cancel, error);
}

gboolean
vq_instance_host_key_take (VqPrivateDir *dir, const char *from, GError **error)
{
  g_autofree char *path = vq_private_dir_join (dir, VQ_INSTANCE_HOST_KEY);
  VqChild *child = vq_guest_identity_start_key (path, from, error);

  return child != NULL && vq_guest_identity_finish_key (child, NULL, error);
}

char *
vq_instance_host_key_read (VqPrivateDir *dir)
{
  gsize length;
  char *line = vq_private_dir_read (dir, VQ_INSTANCE_HOST_KEY_PUBLIC, MAX_LINE, &length, NULL);

  return line != NULL ? g_strchomp (line) : NULL;
}
