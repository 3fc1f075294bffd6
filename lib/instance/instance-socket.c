// SPDX-License-Identifier: GPL-2.0-or-later
#include "instance/instance-socket.h"

#include "base/error.h"

char *
vq_instance_socket_find (const char *name, const char *socket, GError **error)
{
  const char *runtime = g_getenv ("VIRT_QEMU_RUNTIME_DIR");
  g_autofree char *directory = g_build_filename (runtime != NULL ? runtime : "/", name, NULL);
  g_autofree char *path = g_build_filename (directory, socket, NULL);

  if (runtime == NULL || !g_file_test (directory, G_FILE_TEST_IS_DIR))
    vq_error_set (error, VQ_ERROR_MISSING, "there is no machine \"%s\"", name);
  else if (!g_file_test (path, G_FILE_TEST_EXISTS))
    vq_error_set (error, VQ_ERROR_BUSY, "the machine \"%s\" does not run", name);
  else
    return g_steal_pointer (&path);
  return NULL;
}
