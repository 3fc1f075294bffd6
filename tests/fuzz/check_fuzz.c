// SPDX-License-Identifier: GPL-2.0-or-later
/* All fuzz targets (fuzz.h), each with its corpus. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

/* At how many places each file is cut short. */
#define CUTS 64

/* In memory of its own, so that a read beyond its end is found. */
static void
run (FuzzTarget target, const char *bytes, gsize n)
{
  guint8 *copy = malloc (n); /* which is not NULL for none */

  memcpy (copy, bytes, n);
  target (copy, n);
  free (copy);
}

static void
replay_file (FuzzTarget target, const char *path)
{
  g_autofree char *bytes = NULL;
  gsize n;

  g_printerr ("replaying %s\n", path);
  ck_assert (g_file_get_contents (path, &bytes, &n, NULL));
  run (target, bytes, n);
  for (gsize end = 0; end < n; end += n / CUTS + 1)
    run (target, bytes, end);
}

void
fuzz_replay (const char *name, FuzzTarget target)
{
  g_autofree char *directory = g_build_filename ("tests/fuzz/corpus", name, NULL);
  g_autoptr (GDir) dir = g_dir_open (directory, 0, NULL);
  guint n_files = 0;

  ck_assert_msg (dir != NULL, "there is no %s", directory);
  fuzz_begin ();
  for (const char *file; (file = g_dir_read_name (dir)) != NULL; n_files++)
    {
      g_autofree char *path = g_build_filename (directory, file, NULL);

      replay_file (target, path);
    }
  ck_assert_uint_gt (n_files, 0);
}
