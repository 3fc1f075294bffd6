// SPDX-License-Identifier: GPL-2.0-or-later
#include "instance/instance-place.h"

#include <unistd.h>

/* NULL if the variable NAME is not set, or empty. */
static const char *
get_variable (const char *name)
{
  const char *value = g_getenv (name);

  return value != NULL && value[0] != '\0' ? value : NULL;
}

static char *
build_state_path (void)
{
  const char *given = get_variable ("VIRT_QEMU_STATE_DIR");

  if (given != NULL)
    return g_build_filename (given, "instances", NULL);
  if (geteuid () == 0)
    return g_strdup ("/var/lib/virt-qemu/instances");
  return g_build_filename (g_get_user_state_dir (), "virt-qemu", "instances", NULL);
}

static char *
build_runtime_path (void)
{
  const char *given = get_variable ("VIRT_QEMU_RUNTIME_DIR");
  const char *runtime = get_variable ("XDG_RUNTIME_DIR");

  if (given != NULL)
    return g_strdup (given);
  if (geteuid () == 0)
    return g_strdup ("/run/virt-qemu");
  if (runtime != NULL)
    return g_build_filename (runtime, "virt-qemu", NULL);
  return g_strdup_printf ("%s/virt-qemu-%u", g_get_tmp_dir (), (guint)geteuid ());
}

VqPrivateDir *
vq_instance_place_open_state (GError **error)
{
  g_autofree char *path = build_state_path ();

  return vq_private_dir_open (path, VQ_PRIVATE_DIR_CREATE, error);
}

VqPrivateDir *
vq_instance_place_open_runtime (GError **error)
{
  g_autofree char *path = build_runtime_path ();

  return vq_private_dir_open (path, VQ_PRIVATE_DIR_CREATE, error);
}
