// SPDX-License-Identifier: GPL-2.0-or-later
#include "tree.h"

#include <check.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

void
tree_remove (const char *path)
{
  g_autoptr (GDir) dir = NULL;
  const char *name;

  if (!g_file_test (path, G_FILE_TEST_IS_SYMLINK))
    dir = g_dir_open (path, 0, NULL);
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      tree_remove (child);
    }
  ck_assert_int_eq (g_remove (path), 0);
}

gboolean
tree_has (VqPrivateDir *dir, const char *name)
{
  struct stat st;

  return fstatat (vq_private_dir_get_fd (dir), name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

void
tree_await_tick (void)
{
  struct timespec before, now;

  clock_gettime (CLOCK_REALTIME_COARSE, &before);
  do
    clock_gettime (CLOCK_REALTIME_COARSE, &now);
  while (now.tv_sec == before.tv_sec && now.tv_nsec == before.tv_nsec);
}

gboolean
tree_mount (const char *path, const char *size)
{
  g_autofree char *options = g_strconcat ("mode=700,size=", size, NULL);

  if (geteuid () != 0)
    return FALSE;
  ck_assert_int_eq (unshare (CLONE_NEWNS), 0);
  ck_assert_int_eq (mount ("none", "/", "none", MS_REC | MS_PRIVATE, NULL), 0);
  ck_assert_int_eq (mount ("tmpfs", path, "tmpfs", 0, options), 0);
  return TRUE;
}

void
tree_fill (const char *path)
{
  static const char zeros[4096];
  g_autofree char *file = g_build_filename (path, ".filler", NULL);
  int fd = open (file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

  ck_assert_int_ge (fd, 0);
  while (write (fd, zeros, sizeof zeros) > 0)
    ;
  close (fd);
}
