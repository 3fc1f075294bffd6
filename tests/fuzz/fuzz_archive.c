// SPDX-License-Identifier: GPL-2.0-or-later
/* A tar stream from the guest: whatever is in it, nothing outside of the directory changes. */
#include <glib/gstdio.h>
#include <string.h>

#include "copy/archive-reader.h"
#include "fuzz.h"
#include "tree.h"

typedef struct
{
  const guint8 *bytes;
  gsize n;
} Stream;

static gssize
read_stream (gpointer data, void *buffer, gsize max, GError **error)
{
  Stream *stream = data;
  gsize n = MIN (max, stream->n);

  memcpy (buffer, stream->bytes, n);
  stream->bytes += n;
  stream->n -= n;
  return n;
}

/* There is still one file beside the directory, and it has what it had. */
static void
check_outside (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (fuzz_directory (), 0, NULL);
  g_autofree char *contents = NULL;
  guint n_names = 0;

  while (g_dir_read_name (dir) != NULL)
    n_names++;
  g_assert_cmpuint (n_names, ==, 2);
  g_assert (g_file_get_contents (path, &contents, NULL, NULL));
  g_assert_cmpstr (contents, ==, "outside");
}

FUZZ (archive)
{
  g_autofree char *into = g_build_filename (fuzz_directory (), "into", NULL);
  const char *outside = fuzz_file ("outside", (const guint8 *)"outside", strlen ("outside"));
  Stream stream = { bytes, n };
  g_autoptr (GError) error = NULL;

  g_assert (g_mkdir (into, 0700) == 0);
  fuzz_assert_told (vq_archive_reader_unpack (into, read_stream, &stream, &error), &error);
  check_outside (outside);
  tree_remove (into);
}
