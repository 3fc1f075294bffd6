// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/image-vmdk.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"

#define SECTOR 512
#define HEADER 80

/* QEMU reads 20 sectors from the second one on as the descriptor, whatever the header says. */
#define DESCRIPTOR_AT SECTOR
#define DESCRIPTOR_MAX (20 * SECTOR)

/* Of a text: more than any has. It is refused anyway, and is only read to say what it names. */
#define TEXT_MAX 65536

#define DIRECTORY_AT_END G_MAXUINT64

gboolean
vq_image_vmdk_is_text (const char *bytes)
{
  if (g_str_has_prefix (bytes, "# Disk DescriptorFile"))
    return TRUE;
  /* QEMU looks for the version, behind any comments and empty lines. */
  for (;;)
    {
      bytes += strspn (bytes, " \t\r\n");
      if (*bytes != '#')
        return g_str_has_prefix (bytes, "version=");
      bytes += strcspn (bytes, "\n");
    }
}

/* Reads MAX bytes at OFFSET, or less if the file ends before; NULL on failure. Transfer full. */
static char *
read_text (const VqImageSource *source, guint64 offset, gsize max, GError **error)
{
  gsize n = offset < source->size ? MIN (max, source->size - offset) : 0;
  g_autofree char *text = g_malloc0 (n + 1);

  return vq_image_source_read (source, offset, text, n, error) ? g_steal_pointer (&text) : NULL;
}

/* Takes apart a line such as: RW 16384 FLAT "disk-flat.vmdk" 0 */
static gboolean
parse_extent (const char *line, gboolean *is_sparse, char **name)
{
  char access[11], type[11], file[512];

  if (sscanf (line, "%10s %*d %10s \"%511[^\r\"]\"", access, type, file) != 3
      || !(g_str_equal (access, "RW") || g_str_equal (access, "RDONLY")))
    return FALSE;
  *is_sparse = g_str_equal (type, "SPARSE");
  *name = g_strdup (file);
  return TRUE;
}

/* The name of the first extent in TEXT that is not sparse, or comes after N_OWN that are; NULL if
 * there is none. Transfer full. */
static char *
find_foreign_extent (const char *text, guint n_own)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  for (char **line = lines; *line != NULL; line++)
    {
      g_autofree char *name = NULL;
      gboolean is_sparse;

      if (!parse_extent (*line, &is_sparse, &name))
        continue;
      if (!is_sparse || n_own == 0)
        return g_steal_pointer (&name);
      n_own--;
    }
  return NULL;
}

gboolean
vq_image_vmdk_read_text (const VqImageSource *source, VqImageHeader *header, GError **error)
{
  g_autofree char *text = read_text (source, 0, TEXT_MAX, error);

  if (text == NULL)
    return FALSE;
  header->format = "vmdk";
  header->data_start = G_MAXUINT64;
  header->data_file = find_foreign_extent (text, 0);
  if (header->data_file == NULL)
    header->data_file = g_strdup ("");
  return TRUE;
}

/* The name is whatever QEMU takes for it: it looks for the word alone, even in a comment. */
static gboolean
find_parent (const char *descriptor, VqImageHeader *header, GError **error)
{
  static const char word[] = "parentFileNameHint";
  const char *start = strstr (descriptor, word);
  const char *end;

  if (start == NULL)
    return TRUE;
  start += strlen (word);
  start += strnlen (start, strlen ("=\""));
  end = strchr (start, '"');
  if (end == NULL)
    return vq_error_set (error, VQ_ERROR_USAGE,
                         "its header is damaged: the name of the parent has no end");
  if (end == start)
    return TRUE;
  header->backing_file = g_strndup (start, end - start);
  header->backing_format = g_strdup ("vmdk");
  return TRUE;
}

static gboolean
read_descriptor (const VqImageSource *source, VqImageHeader *header, GError **error)
{
  g_autofree char *text = read_text (source, DESCRIPTOR_AT, DESCRIPTOR_MAX, error);

  if (text == NULL)
    return FALSE;
  /* The name of the one extent does not matter: it is this file, which may have been renamed. */
  header->data_file = find_foreign_extent (text, 1);
  return find_parent (text, header, error);
}

/* A file that was written as a stream has its final header at its end. */
static gboolean
read_final_header (const VqImageSource *source, guint8 *fixed, GError **error)
{
  if (vq_image_source_le (fixed + 56, 8) != DIRECTORY_AT_END)
    return TRUE;
  if (!vq_image_source_read (source, source->size - 2 * SECTOR, fixed, HEADER, error))
    return FALSE;
  return memcmp (fixed, "KDMV", 4) == 0
         || vq_error_set (error, VQ_ERROR_USAGE, "it is cut off: its footer is missing");
}

gboolean
vq_image_vmdk_read (const VqImageSource *source, VqImageHeader *header, GError **error)
{
  guint8 fixed[HEADER];
  guint64 capacity, descriptor;

  if (!vq_image_source_read (source, 0, fixed, sizeof fixed, error))
    return FALSE;
  capacity = vq_image_source_le (fixed + 12, 8);
  descriptor = vq_image_source_le (fixed + 28, 8);
  /* QEMU would take the descriptor for a list of extents, without a capacity. */
  if (capacity == 0 || descriptor != DESCRIPTOR_AT / SECTOR)
    return vq_error_set (error, VQ_ERROR_USAGE, "it is a part of a vmdk image, not a whole one");
  header->format = "vmdk";
  if (!read_final_header (source, fixed, error) || !read_descriptor (source, header, error))
    return FALSE;
  capacity = vq_image_source_le (fixed + 12, 8);
  header->virtual_size = capacity * SECTOR;
  header->data_start = vq_image_source_le (fixed + 64, 8) * SECTOR;
  return TRUE;
}
