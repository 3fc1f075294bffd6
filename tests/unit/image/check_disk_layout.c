// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/disk-layout.h"

#include <check.h>
#include <errno.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "io/child.h"
#include "disk-images.h"
#include "base/error.h"
#include "suite.h"

static const guint8 esp[16] = { 0x28, 0x73, 0x2a, 0xc1, 0x1f, 0xf8, 0xd2, 0x11,
                                0xba, 0x4b, 0x00, 0xa0, 0xc9, 0x3e, 0xc9, 0x3b };
static const guint8 bios_grub[16] = { 0x48, 0x61, 0x68, 0x21, 0x49, 0x64, 0x6f, 0x6e,
                                      0x74, 0x4e, 0x65, 0x65, 0x64, 0x45, 0x46, 0x49 };
static const guint8 linux_data[16] = { 0xaf, 0x3d, 0xc6, 0x0f, 0x83, 0x84, 0x72, 0x47,
                                       0x8e, 0x79, 0x3d, 0x69, 0xd8, 0x47, 0x7d, 0xe4 };

static guint8 disk[VQ_DISK_LAYOUT_SIZE];
static char *tmpdir;

static void
set_up (void)
{
  memset (disk, 0, sizeof disk);
  tmpdir = g_dir_make_tmp ("check-disk-layout-XXXXXX", NULL);
  ck_assert_ptr_nonnull (tmpdir);
}

static void
tear_down (void)
{
  ck_assert_int_eq (g_rmdir (tmpdir), 0); /* it is empty: no temporary file is left */
  g_clear_pointer (&tmpdir, g_free);
  ck_assert (waitpid (-1, NULL, WNOHANG) < 0 && errno == ECHILD);
}

static void
put_le32 (gsize offset, guint32 value)
{
  value = GUINT32_TO_LE (value);
  memcpy (disk + offset, &value, sizeof value);
}

static void
put_mbr (guint8 type)
{
  disk[510] = 0x55;
  disk[511] = 0xaa;
  disk[446 + 4] = type;
}

static void
put_gpt (gsize sector, guint32 lba, guint32 count, guint32 size)
{
  memcpy (disk + sector, "EFI PART", 8);
  put_le32 (sector + 72, lba);
  put_le32 (sector + 80, count);
  put_le32 (sector + 84, size);
}

static void
put_entry (gsize sector, guint32 index, guint32 size, const guint8 *guid)
{
  memcpy (disk + 2 * sector + index * (gsize)size, guid, 16);
}

/* Parses a copy of just N bytes: a read behind them is seen by valgrind and ASan. */
static VqDiskLayout
parse (gsize n)
{
  g_autofree guint8 *copy = g_memdup2 (disk, n);

  return vq_disk_layout_parse (copy, n);
}

static void
assert_layout (VqDiskLayout layout, gboolean has_esp, gboolean has_code)
{
  ck_assert_int_eq (layout.has_esp, has_esp);
  ck_assert_int_eq (layout.has_bios_boot_code, has_code);
}

CASE ("parsing", set_up, tear_down, 60)

TEST (test_nothing)
{
  assert_layout (vq_disk_layout_parse (NULL, 0), FALSE, FALSE);
  assert_layout (parse (sizeof disk), FALSE, FALSE);
}

TEST_LOOP (test_mbr, 0, 4)
{
  disk[446 + _i * 16 + 4] = 0xef;
  assert_layout (parse (512), FALSE, FALSE); /* no signature */
  put_mbr (_i == 0 ? 0xef : 0x83);
  assert_layout (parse (512), TRUE, FALSE);
  assert_layout (parse (511), FALSE, FALSE);
  disk[446 + _i * 16 + 4] = 0x83;
  assert_layout (parse (512), FALSE, FALSE);
}

TEST (test_boot_code)
{
  static const struct
  {
    gsize at;
    gboolean is_code;
  } places[] = { { 0, TRUE }, { 439, TRUE }, { 440, FALSE }, { 445, FALSE }, { 446, FALSE } };

  put_mbr (0x83);
  for (gsize i = 0; i < G_N_ELEMENTS (places); i++)
    {
      disk[places[i].at] = 0x80;
      assert_layout (parse (sizeof disk), FALSE, places[i].is_code);
      disk[places[i].at] = 0;
    }
}

TEST_LOOP (test_gpt, 0, 4)
{
  gsize sector = _i % 2 == 0 ? 512 : 4096;
  guint32 size = _i / 2 == 0 ? 128 : 256;
  guint32 last = MIN (128, (sizeof disk - 2 * sector) / size) - 1;

  put_mbr (0xee);
  put_gpt (sector, 2, 128, size);
  put_entry (sector, 0, size, linux_data);
  assert_layout (parse (sizeof disk), FALSE, FALSE);
  put_entry (sector, last, size, esp);
  assert_layout (parse (sizeof disk), TRUE, FALSE);
  put_entry (sector, 1, size, bios_grub);
  assert_layout (parse (sizeof disk), TRUE, FALSE);
  disk[sector] = 'e';
  assert_layout (parse (sizeof disk), FALSE, FALSE);
}

TEST_LOOP (test_gpt_count, 0, 3)
{
  put_gpt (512, 2, 4 + _i - 1, 128); /* 3, 4, 5 entries; the fifth is the ESP */
  put_entry (512, 4, 128, esp);
  assert_layout (parse (sizeof disk), _i == 2, FALSE);
}

TEST (test_truncated_at_every_byte)
{
  gsize end_of_entry = 1024 + 4 * 128;

  put_mbr (0xee);
  put_gpt (512, 2, 128, 128);
  put_entry (512, 3, 128, esp);
  for (gsize n = 0; n <= 2048; n++)
    ck_assert_int_eq (parse (n).has_esp, n >= end_of_entry);
}

TEST_LOOP (test_hostile_gpt, 0, 16)
{
  static const struct
  {
    guint32 lba;
    guint32 lba_high;
    guint32 count;
    guint32 size;
    gboolean has_esp;
  } headers[] = {
    { 2, 0, G_MAXUINT32, 128, TRUE },
    { 2, 0, 1, VQ_DISK_LAYOUT_SIZE - 1024, TRUE },
    { 2, 0, 1, VQ_DISK_LAYOUT_SIZE - 1023, FALSE },
    { 2, 0, 1, VQ_DISK_LAYOUT_SIZE, FALSE },
    { 2, 0, G_MAXUINT32, G_MAXUINT32, FALSE },
    { 2, 0, G_MAXUINT32, 0, FALSE },
    { 2, 0, G_MAXUINT32, 1, FALSE },
    { 2, 0, G_MAXUINT32, 127, FALSE },
    { 2, 0, 0, 128, FALSE },
    { 2, 1, 128, 128, FALSE },
    { 2, 0x00800000, 128, 128, FALSE }, /* times 512 it is 2^64 + 1024 */
    { VQ_DISK_LAYOUT_SIZE / 512 - 1, 0, G_MAXUINT32, 128, FALSE },
    { VQ_DISK_LAYOUT_SIZE / 512, 0, G_MAXUINT32, 128, FALSE },
    { VQ_DISK_LAYOUT_SIZE / 512 + 1, 0, G_MAXUINT32, 128, FALSE },
    { G_MAXUINT32, G_MAXUINT32, G_MAXUINT32, 128, FALSE },
    { 0, 0, G_MAXUINT32, 128, TRUE },
  };

  put_gpt (512, headers[_i].lba, headers[_i].count, headers[_i].size);
  put_le32 (512 + 76, headers[_i].lba_high);
  put_entry (512, 0, 128, esp);
  ck_assert_int_eq (parse (sizeof disk).has_esp, headers[_i].has_esp);
}

TEST_LOOP (test_garbage, 0, 20)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (_i);

  for (gsize i = 0; i < sizeof disk; i++)
    disk[i] = (guint8)g_rand_int (random);
  memcpy (disk + 512, "EFI PART", 8);
  memcpy (disk + 4096, "EFI PART", 8);
  put_le32 (512 + 76, 0);
  put_le32 (512 + 72, g_rand_int_range (random, 0, 70));
  put_le32 (512 + 84, g_rand_int_range (random, 100, 2000));
  for (gsize n = 0; n <= sizeof disk; n += 97)
    {
      VqDiskLayout layout = parse (n);

      ck_assert (!layout.has_esp); /* 128 random bits are not that GUID */
    }
}

TEST (test_rule)
{
  for (guint bits = 0; bits < 4; bits++)
    {
      VqDiskLayout layout = { (bits & 1) != 0, (bits & 2) != 0 };

      ck_assert_int_eq (vq_disk_layout_wants_efi (&layout), bits == 1);
    }
}

/* Writes the disk of the test, padded to 1 MiB, in FORMAT. Transfer full. */
static VqImage *
write_disk (const char *path, const char *format)
{
  g_autofree char *raw = g_strconcat (path, ".raw", NULL);
  g_autofree char *contents = g_malloc0 (1024 * 1024);
  const char *argv[] = { "qemu-img", "convert", "-f", "raw", "-O", format, raw, path, NULL };
  VqImage *image;
  g_autoptr (GError) error = NULL;

  memcpy (contents, disk, sizeof disk);
  ck_assert (g_file_set_contents (raw, contents, 1024 * 1024, NULL));
  ck_assert_msg (vq_child_run (argv, NULL, NULL, vq_deadline_in (20), NULL, &error), "%s",
                 error != NULL ? error->message : "");
  g_unlink (raw);
  image = vq_image_inspect (path, VQ_IMAGE_BOOT, NULL, &error);
  ck_assert_msg (image != NULL, "%s", error != NULL ? error->message : "");
  return image;
}

static const char *const formats[] = { "raw", "qcow2", "vmdk", "vdi" };

TEST_LOOP (test_read_image, 0, G_N_ELEMENTS (formats))
{
  g_autofree char *path = g_build_filename (tmpdir, "a disk, with: odd name", NULL);
  g_autoptr (VqImage) image = NULL;
  g_autoptr (GError) error = NULL;
  VqDiskLayout layout;

  put_mbr (0xee);
  disk[100] = 1;
  put_gpt (512, 2, 128, 128);
  put_entry (512, 127, 128, esp);
  image = write_disk (path, formats[_i]);
  ck_assert_str_eq (images_get_file (image)->format, formats[_i]);
  ck_assert_msg (vq_disk_layout_read (image, &layout, tmpdir, vq_deadline_in (20), NULL, &error),
                 "%s", error != NULL ? error->message : "");
  assert_layout (layout, TRUE, TRUE);
  g_unlink (path);
  ck_assert (!vq_disk_layout_read (image, &layout, tmpdir, vq_deadline_in (20), NULL, &error));
  ck_assert_ptr_nonnull (strstr (error->message, "cannot copy the first sectors of"));
}

TEST (test_read_tiny_image)
{
  g_autofree char *path = g_build_filename (tmpdir, "tiny", NULL);
  g_autoptr (VqImage) image = NULL;
  VqDiskLayout layout;

  put_mbr (0xef);
  ck_assert (g_file_set_contents (path, (const char *)disk, 512, NULL));
  image = vq_image_inspect (path, VQ_IMAGE_BOOT, NULL, NULL);
  ck_assert_ptr_nonnull (image);
  ck_assert (vq_disk_layout_read (image, &layout, tmpdir, vq_deadline_in (20), NULL, NULL));
  assert_layout (layout, TRUE, FALSE);
  g_unlink (path);
}
