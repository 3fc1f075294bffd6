// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/disk-layout.h"

#include <glib/gstdio.h>
#include <string.h>

#include "base/error.h"

#define BOOT_CODE_SIZE 440
#define MBR_TABLE 446
#define MBR_ENTRY_SIZE 16
#define MBR_TYPE 4
#define MBR_TYPE_ESP 0xef

#define GPT_HEADER_SIZE 92
#define GPT_ENTRIES_LBA 72
#define GPT_ENTRY_COUNT 80
#define GPT_ENTRY_SIZE 84
#define GPT_MIN_ENTRY_SIZE 128

/* The bytes as they are on the disk, where the first three fields of a GUID are little-endian. */
static const guint8 esp_guid[16] = { 0x28, 0x73, 0x2a, 0xc1, 0x1f, 0xf8, 0xd2, 0x11,
                                     0xba, 0x4b, 0x00, 0xa0, 0xc9, 0x3e, 0xc9, 0x3b };

static guint32
get_le32 (const guint8 *at)
{
  guint32 value;

  memcpy (&value, at, sizeof value);
  return GUINT32_FROM_LE (value);
}

static guint64
get_le64 (const guint8 *at)
{
  guint64 value;

  memcpy (&value, at, sizeof value);
  return GUINT64_FROM_LE (value);
}

static void
parse_mbr (const guint8 *bytes, gsize n, VqDiskLayout *layout)
{
  if (n < 512 || bytes[510] != 0x55 || bytes[511] != 0xaa)
    return;
  for (gsize i = 0; i < BOOT_CODE_SIZE; i++)
    layout->has_bios_boot_code |= bytes[i] != 0;
  for (gsize i = 0; i < 4; i++)
    layout->has_esp |= bytes[MBR_TABLE + i * MBR_ENTRY_SIZE + MBR_TYPE] == MBR_TYPE_ESP;
}

/* The header says where the entries are; entries beyond the N bytes are ignored. */
static void
parse_gpt (const guint8 *bytes, gsize n, gsize sector, VqDiskLayout *layout)
{
  const guint8 *header = bytes + sector;
  guint64 lba, offset;
  guint32 count, size;

  if (n < sector + GPT_HEADER_SIZE || memcmp (header, "EFI PART", 8) != 0)
    return;
  lba = get_le64 (header + GPT_ENTRIES_LBA);
  count = get_le32 (header + GPT_ENTRY_COUNT);
  size = get_le32 (header + GPT_ENTRY_SIZE);
  /* In this order the tests ensure that the arithmetic below does not overflow. */
  if (lba > n / sector || size < GPT_MIN_ENTRY_SIZE || size > n)
    return;
  offset = lba * sector;
  for (; count > 0 && offset + size <= n; count--, offset += size)
    layout->has_esp |= memcmp (bytes + offset, esp_guid, 16) == 0;
}

VqDiskLayout
vq_disk_layout_parse (const guint8 *bytes, gsize n)
{
  VqDiskLayout layout = { 0 };

  parse_mbr (bytes, n, &layout);
  parse_gpt (bytes, n, 512, &layout);
  parse_gpt (bytes, n, 4096, &layout);
  return layout;
}

gboolean
vq_disk_layout_read (const VqImage *image, VqDiskLayout *layout, const char *tmpdir,
                     gint64 deadline, VqCancel *cancel, GError **error)
{
  g_autofree char *path = g_build_filename (tmpdir, "first-sectors", NULL);
  g_autofree char *contents = NULL;
  gsize n = 0;
  gboolean done;

  if (!vq_image_copy_start (image, VQ_DISK_LAYOUT_SIZE, path, deadline, cancel, error))
    return FALSE;
  done = g_file_get_contents (path, &contents, &n, error);
  g_unlink (path);
  if (done)
    *layout = vq_disk_layout_parse ((const guint8 *)contents, n);
  return done;
}

gboolean
vq_disk_layout_wants_efi (const VqDiskLayout *layout)
{
  return layout->has_esp && !layout->has_bios_boot_code;
}
