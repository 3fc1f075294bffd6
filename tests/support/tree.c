// SPDX-License-Identifier: GPL-2.0-or-later
#include "tree.h"

#include <check.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <time.h>

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
