// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/image-header.h"

#include <string.h>

#include "base/error.h"
#include "image/image-qcow.h"
#include "image/image-single.h"
#include "image/image-vhd.h"
#include "image/image-vmdk.h"

#define SECTOR 512

/* How much of the start of the file is read, which includes the mark of an ISO image. */
#define START_SIZE (33 * 1024)

typedef struct
{
  gsize offset;
  gsize n;
  const char *bytes;
} Mark;

/* Defines a mark by a string, which may have NULs in it. */
#define MARK(offset, string)                                                                       \
  {                                                                                                \
    offset, sizeof string - 1, string                                                              \
  }

typedef gboolean (*ReadFunc) (const VqImageSource *source, VqImageHeader *header, GError **error);

/* The marks by which formats are recognised. Formats without a function are refused. */
static const struct
{
  Mark mark;
  const char *name;
  ReadFunc read;
} formats[] = {
  { MARK (0, "QFI\xfb"), "qcow2", vq_image_qcow_read },
  { MARK (0, "QED\0"), "qed", vq_image_qcow_read_qed },
  { MARK (0, "KDMV"), "vmdk", vq_image_vmdk_read },
  { MARK (0, "COWD"), "vmdk for ESX", NULL },
  { MARK (0, "vhdxfile"), "vhdx", vq_image_vhd_read_vhdx },
  { MARK (0, "conectix"), "vpc", vq_image_vhd_read },
  { MARK (0, "LUKS\xba\xbe\0\1"), "luks", vq_image_single_read_luks },
  { MARK (0, "WithoutFreeSpace"), "parallels", vq_image_single_read_parallels },
  { MARK (0, "WithouFreSpacExt"), "parallels", vq_image_single_read_parallels },
  { MARK (0, "Bochs Virtual HD Image"), "bochs", NULL },
  { MARK (0, "#!/bin/sh\n#V2.0 Format\n"), "cloop", NULL },
  { MARK (64, "\x7f\x10\xda\xbe"), "vdi", vq_image_single_read_vdi },
};

/* What a raw disk may begin with. The second GPT is for sectors of 4096 bytes. */
static const struct
{
  Mark mark;
  const char *name;
  VqImageContents contents;
} raw_marks[] = {
  { MARK (SECTOR - 2, "\x55\xaa"), NULL, VQ_IMAGE_CONTENTS_BOOT_SECTOR },
  { MARK (SECTOR, "EFI PART"), "a disk with a GPT", VQ_IMAGE_CONTENTS_GPT },
  { MARK (4096, "EFI PART"), "a disk with a GPT", VQ_IMAGE_CONTENTS_GPT },
  { MARK (32769, "CD001"), "an ISO 9660 image", VQ_IMAGE_CONTENTS_ISO },
};

/* What the last sector of a file is, for formats with a footer. */
typedef struct
{
  VqImageVhdType vpc_type;
  gboolean is_dmg;
} Footer;

static gboolean
is_there (const guint8 *start, const Mark *mark)
{
  return memcmp (start + mark->offset, mark->bytes, mark->n) == 0;
}

/* The start of the file, followed by zeros if the file is short. NULL on failure. Transfer full. */
static guint8 *
read_start (const VqImageSource *source, GError **error)
{
  g_autofree guint8 *start = g_malloc0 (START_SIZE);

  return vq_image_source_read (source, 0, start, MIN (source->size, START_SIZE - 1), error)
             ? g_steal_pointer (&start)
             : NULL;
}

static gboolean
read_footer (const VqImageSource *source, Footer *footer, GError **error)
{
  guint8 sector[SECTOR] = { 0 };

  if (source->size >= SECTOR
      && !vq_image_source_read (source, source->size - SECTOR, sector, SECTOR, error))
    return FALSE;
  footer->vpc_type = vq_image_vhd_get_type (sector);
  footer->is_dmg = memcmp (sector, "koly\0\0\0\4\0\0\2\0", 12) == 0; /* version, its own size */
  return TRUE;
}

/* Whether there is a DOS partition table. Its mark alone is not enough, because it may be in a
 * sector by chance. */
static gboolean
has_partitions (const guint8 *start)
{
  gboolean found = FALSE;

  if (start[SECTOR - 2] != 0x55 || start[SECTOR - 1] != 0xaa)
    return FALSE;
  for (const guint8 *entry = start + 446; entry < start + SECTOR - 2; entry += 16)
    {
      if ((entry[0] & 0x7f) != 0) /* an entry is bootable or not; other values are wrong */
        return FALSE;
      found = found || (entry[4] != 0 && vq_image_source_le (entry + 12, 4) != 0);
    }
  return found;
}

static gboolean
refuse_polyglot (GError **error, const char *one, const char *other)
{
  return vq_error_set (error, VQ_ERROR_USAGE,
                       "it is a %s image and %s at once, so programs would not agree on what is in "
                       "it",
                       one, other);
}

/* Refuses an image that is also a raw disk, or that ends like an image in another format. Only
 * marks before the guest's data count, because a guest may keep images on its disk. */
static gboolean
check_polyglot (const VqImageHeader *header, const guint8 *start, const Footer *footer,
                GError **error)
{
  if (has_partitions (start))
    return refuse_polyglot (error, header->format, "a disk with partitions");
  for (gsize i = 0; i < G_N_ELEMENTS (raw_marks); i++)
    if (raw_marks[i].name != NULL && is_there (start, &raw_marks[i].mark)
        && raw_marks[i].mark.offset + raw_marks[i].mark.n <= header->data_start)
      return refuse_polyglot (error, header->format, raw_marks[i].name);
  if (footer->vpc_type != VQ_IMAGE_VHD_NONE && !g_str_equal (header->format, "vpc"))
    return refuse_polyglot (error, header->format, "a vpc image");
  if (footer->is_dmg)
    return refuse_polyglot (error, header->format, "a dmg image");
  return TRUE;
}

/* Whatever is not recognised is a raw disk, as for QEMU. */
static gboolean
read_raw (const VqImageSource *source, const guint8 *start, const Footer *footer,
          VqImageHeader *header, GError **error)
{
  header->format = "raw";
  header->virtual_size = (source->size + SECTOR - 1) / SECTOR * SECTOR;
  for (gsize i = 0; i < G_N_ELEMENTS (raw_marks); i++)
    if (is_there (start, &raw_marks[i].mark))
      header->contents |= raw_marks[i].contents;
  if (has_partitions (start))
    header->contents |= VQ_IMAGE_CONTENTS_MBR;
  if (footer->vpc_type == VQ_IMAGE_VHD_FIXED)
    header->contents |= VQ_IMAGE_CONTENTS_VPC_FOOTER;
  else if (footer->vpc_type != VQ_IMAGE_VHD_NONE)
    return refuse_polyglot (error, "raw", "the end of a vpc image");
  return TRUE;
}

static gboolean
refuse_format (GError **error, const char *name)
{
  return vq_error_set (error, VQ_ERROR_USAGE,
                       "it is a %s image, which is not supported: convert it with qemu-img convert "
                       "-O qcow2, if you trust it",
                       name);
}

/* Finds the format whose mark is at the start or the end. *READ is NULL if there is none. */
static gboolean
find_format (const guint8 *start, const Footer *footer, ReadFunc *read, GError **error)
{
  const char *name = NULL;

  *read = NULL;
  if (vq_image_vmdk_is_text ((const char *)start))
    {
      name = "vmdk";
      *read = vq_image_vmdk_read_text;
    }
  for (gsize i = 0; i < G_N_ELEMENTS (formats); i++)
    {
      if (!is_there (start, &formats[i].mark))
        continue;
      if (formats[i].read == NULL)
        return refuse_format (error, formats[i].name);
      if (name != NULL)
        return refuse_polyglot (error, name, "one of another format");
      name = formats[i].name;
      *read = formats[i].read;
    }
  return name != NULL || !footer->is_dmg || refuse_format (error, "dmg");
}

static gboolean
read_any (const VqImageSource *source, VqImageHeader *header, GError **error)
{
  g_autofree guint8 *start = read_start (source, error);
  Footer footer;
  ReadFunc read;

  if (start == NULL || !read_footer (source, &footer, error)
      || !find_format (start, &footer, &read, error))
    return FALSE;
  if (read == NULL)
    return read_raw (source, start, &footer, header, error);
  return read (source, header, error) && check_polyglot (header, start, &footer, error);
}

/* Checks that HEADER, which was read from the file alone, matches the recorded FORMAT. */
static gboolean
check_recorded (const VqImageSource *source, const char *format, VqImageHeader *header,
                GError **error)
{
  if (format == NULL || g_str_equal (format, header->format))
    return TRUE;
  if (g_str_equal (format, "vpc") && (header->contents & VQ_IMAGE_CONTENTS_VPC_FOOTER) != 0)
    return vq_image_vhd_read_fixed (source, header, error);
  return vq_error_set (error, VQ_ERROR_USAGE, "it is a %s image, but is to be opened as %s",
                       header->format, format);
}

VqImageHeader *
vq_image_header_read (const VqImageSource *source, const char *format, GError **error)
{
  static const guint8 nothing[START_SIZE];
  static const Footer none;
  g_autoptr (VqImageHeader) header = g_new0 (VqImageHeader, 1);

  if (g_strcmp0 (format, "raw") == 0)
    return read_raw (source, nothing, &none, header, error) ? g_steal_pointer (&header) : NULL;
  if (!read_any (source, header, error) || !check_recorded (source, format, header, error))
    return NULL;
  return g_steal_pointer (&header);
}

void
vq_image_header_free (VqImageHeader *header)
{
  if (header == NULL)
    return;
  g_free (header->backing_file);
  g_free (header->backing_format);
  g_free (header->data_file);
  g_free (header);
}
