// SPDX-License-Identifier: GPL-2.0-or-later
#include "io/file-stamp.h"

char *
vq_file_stamp (const struct stat *st)
{
  return g_strdup_printf ("inode %" G_GUINT64_FORMAT " size %" G_GINT64_FORMAT
                          " modified %" G_GINT64_FORMAT ".%09ld changed %" G_GINT64_FORMAT ".%09ld",
                          (guint64)st->st_ino, (gint64)st->st_size, (gint64)st->st_mtim.tv_sec,
                          st->st_mtim.tv_nsec, (gint64)st->st_ctim.tv_sec, st->st_ctim.tv_nsec);
}
