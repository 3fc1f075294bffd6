// SPDX-License-Identifier: GPL-2.0-or-later
#include "instance/instance-place.h"

#include <unistd.h>

#include "base/error.h"
#include "base/path.h"

static char *
build_state_path (void)
{
  const char *given = vq_path_get_variable ("VIRT_QEMU_STATE_DIR");

  if (given != NULL)
    return g_build_filename (given, "instances", NULL);
  if (geteuid () == 0)
    return g_strdup ("/var/lib/virt-qemu/instances");
  return g_build_filename (g_get_user_state_dir (), "virt-qemu", "instances", NULL);
}

VqPrivateDir *
vq_instance_place_open_state (GError **error)
{
  g_autofree char *path = build_state_path ();
  g_autoptr (GError) why = NULL;
  VqPrivateDir *dir = vq_private_dir_open (path, VQ_PRIVATE_DIR_CREATE, &why);

  if (dir == NULL)
    vq_error_set (error, vq_error_get_code (why),
                  "%s; VIRT_QEMU_STATE_DIR names another directory for instances", why->message);
  return dir;
}

VqPrivateDir *
vq_instance_place_open_runtime (GError **error)
{
  g_autofree char *path = vq_path_build_runtime ();

  return vq_private_dir_open (path, VQ_PRIVATE_DIR_CREATE, error);
}
