// SPDX-License-Identifier: GPL-2.0-or-later
#include "instance/instance-socket.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "instance/instance-place.h"

/* The link in the instance's directory. */
#define LINK "runtime"

static gboolean
make_link (VqInstance *instance, const char *target, GError **error)
{
  int fd = vq_private_dir_get_fd (vq_instance_get_dir (instance));

  unlinkat (fd, LINK, 0);
  return symlinkat (target, fd, LINK) == 0
         || vq_error_set_errno (error, errno, "cannot make the link %s/" LINK,
                                vq_private_dir_get_path (vq_instance_get_dir (instance)));
}

/* A supervisor that was killed may have left the directory, but nobody uses it, as we have the
 * lock. */
char *
vq_instance_socket_make_dir (VqInstance *instance, GError **error)
{
  g_autoptr (VqPrivateDir) runtime = vq_instance_place_open_runtime (error);
  const char *name = vq_instance_get_name (instance);
  g_autoptr (VqPrivateDir) dir = NULL;

  if (runtime == NULL || !vq_private_dir_remove_child (runtime, name, NULL, error))
    return NULL;
  dir = vq_private_dir_make_child (runtime, name, error);
  if (dir == NULL || !make_link (instance, vq_private_dir_get_path (dir), error))
    return NULL;
  return g_strdup (vq_private_dir_get_path (dir));
}

static char *
read_link (VqInstance *instance)
{
  g_autofree char *path = vq_private_dir_join (vq_instance_get_dir (instance), LINK);

  return g_file_read_link (path, NULL);
}

gboolean
vq_instance_socket_has_dir (VqInstance *instance)
{
  g_autofree char *path = read_link (instance);

  return path != NULL;
}

void
vq_instance_socket_remove_dir (VqInstance *instance)
{
  g_autofree char *path = read_link (instance);
  g_autofree char *parent = path != NULL ? g_path_get_dirname (path) : NULL;
  g_autoptr (VqPrivateDir) runtime
      = parent != NULL ? vq_private_dir_open (parent, VQ_PRIVATE_DIR_EXISTING, NULL) : NULL;

  unlinkat (vq_private_dir_get_fd (vq_instance_get_dir (instance)), LINK, 0);
  if (runtime != NULL
      && !vq_private_dir_remove_child (runtime, vq_instance_get_name (instance), NULL, NULL))
    g_debug ("cannot remove %s", path);
}

static gboolean
link_socket (const char *directory, const char *machine, const char *name, GError **error)
{
  g_autofree char *target = g_build_filename (machine, name, NULL);
  g_autofree char *path = g_build_filename (directory, name, NULL);
  struct stat st;

  if (lstat (target, &st) < 0 || !S_ISSOCK (st.st_mode))
    return TRUE;
  if (lstat (path, &st) == 0 && S_ISLNK (st.st_mode))
    unlink (path);
  return symlink (target, path) == 0
         || vq_error_set_errno (error, errno, "cannot make the link %s", path);
}

gboolean
vq_instance_socket_link (VqInstance *instance, const char *machine, GError **error)
{
  g_autofree char *directory = read_link (instance);
  g_autoptr (GDir) dir = g_dir_open (machine, 0, error);
  const char *name;

  if (directory == NULL || dir == NULL)
    return directory != NULL || vq_error_set (error, VQ_ERROR_FAILED, "there is no link " LINK);
  while ((name = g_dir_read_name (dir)) != NULL)
    if (!link_socket (directory, machine, name, error))
      return FALSE;
  return TRUE;
}

char *
vq_instance_socket_build_path (VqInstance *instance, const char *socket, GError **error)
{
  g_autofree char *directory = read_link (instance);

  if (directory != NULL && vq_instance_is_running (instance))
    return g_build_filename (directory, socket, NULL);
  vq_instance_set_stopped_error (instance, error);
  return NULL;
}

char *
vq_instance_socket_find (const char *name, const char *socket, GError **error)
{
  g_autoptr (VqPrivateDir) place = vq_instance_place_open_state (error);
  g_autoptr (VqInstance) instance = place != NULL ? vq_instance_open (place, name, error) : NULL;

  g_autofree char *path
      = instance != NULL ? vq_instance_socket_build_path (instance, socket, error) : NULL;

  if (path == NULL || access (path, F_OK) == 0)
    return g_steal_pointer (&path);
  vq_error_set (error, VQ_ERROR_BUSY,
                "the instance \"%s\" is not ready: \"virt-qemu wait %s\" waits until it is", name,
                name);
  return NULL;
}
